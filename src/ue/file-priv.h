/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a file on its way: file.c has what both directions share, file-out.c describes and hashes
 * the file that is sent, file-in.c has names and partial files of the one that comes.
 */
#ifndef MS_UE_FILE_PRIV_H
#define MS_UE_FILE_PRIV_H

#include "ue/file.h"

#define MS_UE_FILE_PATH_MAX 4096

struct ms_ue_file {
	struct ms_ue_file_handlers handlers;
	struct ms_msrp_file_selector selector;
	struct ms_msrp_file_range range;
	char id[MS_MSRP_FILE_ID_MAX + 1]; /* a=file-transfer-id */
	char path[MS_UE_FILE_PATH_MAX];   /* sender: the file; receiver: its final name */
	char part[MS_UE_FILE_PATH_MAX];   /* receiver: where it is until it is whole */
	int fd;                           /* owned; -1 */
	bool sending, over;
	uint64_t at;
	ms_usec told;
	struct ms_digest *sha1, *sha256; /* owned; while it is hashed */
	uint64_t hashed;
	struct ms_msrp_file_tx *tx; /* owned */
	struct ms_msrp_file_rx *rx; /* owned */
};

/* ---- file.c ---- */

struct ms_ue_file *ms_ue_file_new(const struct ms_ue_file_handlers *h, bool sending);
/** As ms_msrp_file_store.read of the file that `arg` is. */
MS_MUST_CHECK int ms_ue_file_read(void *arg, uint64_t offset, uint8_t *dst, size_t size,
				  size_t *ret_n);
struct ms_msrp_file_params ms_ue_file_params(struct ms_ue_file *f);

/* ---- file-in.c ---- */

/** Gives what has come its name, or keeps what can be resumed. NULL, or the reason why it is lost. */
const char *ms_ue_file_received(struct ms_ue_file *f, enum ms_msrp_file_result result);
/** It ended in the middle: what came without a gap can be resumed. */
void ms_ue_file_keep_part(const struct ms_ue_file *f);

#endif
