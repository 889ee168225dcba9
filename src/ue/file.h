/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file on its way over a session (RFC 5547): the file on disk, what the offer says of it, progress
 * and result. What is received goes to a partial file beside its later name, which can be resumed
 * also by another run.
 */
#ifndef MS_UE_FILE_H
#define MS_UE_FILE_H

#include "msrp/transfer.h"
#include "sdp/offer.h"

struct ms_ue_file; /* owned */

struct ms_ue_file_handlers {
	/** At most ten times a second, and at the end. */
	void (*progress)(void *arg, uint64_t done, uint64_t size);
	/** Once. `reason` is NULL if the file is whole and verified; else static. */
	void (*done)(void *arg, const char *reason, int code);
	void *arg; /* borrowed */
};

/**
 * A file to send, from octet `from` on. It is not read yet: ms_ue_file_hash() comes before anything
 * else. -EINVAL (not a regular file, or empty or shorter than `from`), or what opening it gave.
 */
MS_MUST_CHECK int ms_ue_file_open(const char *path, uint64_t from,
				  const struct ms_ue_file_handlers *h, struct ms_ue_file **ret_f);

/**
 * Reads some of a file to send, for the hash in the offer: a slice of a few milliseconds, so that the
 * loop goes on. Returns 1 if there is more to read, 0 when it is done, or negative errno.
 */
MS_MUST_CHECK int ms_ue_file_hash(struct ms_ue_file *f);

/**
 * A file that is offered: reads the attributes. -EBADMSG (malformed, or no size), -EFBIG (over
 * `max_size`), -ENOMEM. Nothing touches the disk yet.
 */
MS_MUST_CHECK int ms_ue_file_offered(const struct ms_sdp_msrp *line, uint64_t max_size,
				     const struct ms_ue_file_handlers *h,
				     struct ms_ue_file **ret_f);

/**
 * Gets ready to receive into `directory`. -ERANGE: the offer resumes where we have nothing; -EBUSY: the
 * same file is being received already; else what the disk says.
 */
MS_MUST_CHECK int ms_ue_file_accept(struct ms_ue_file *f, const char *directory);

/** Closes; a partial file stays. NULL is fine. Returns NULL. */
struct ms_ue_file *ms_ue_file_free(struct ms_ue_file *f);

/** Attributes of the offer or answer, written into `text`; at most 4. Borrowed from both. */
MS_MUST_CHECK int ms_ue_file_attributes(const struct ms_ue_file *f, bool answer,
					struct ms_buf *text, struct ms_sdp_attr_value v[static 4],
					size_t *ret_n);

/** Handlers and argument of the MSRP session. */
const struct ms_msrp_handlers *ms_ue_file_msrp_handlers(const struct ms_ue_file *f, void **ret_arg);

/** Sender: queues the file on the session. */
MS_MUST_CHECK int ms_ue_file_start(struct ms_ue_file *f, struct ms_msrp_session *s);

/** Cancels; done() follows. */
void ms_ue_file_cancel(struct ms_ue_file *f);

bool ms_ue_file_sending(const struct ms_ue_file *f);
const char *ms_ue_file_name(const struct ms_ue_file *f); /* as offered, not made safe */
const char *ms_ue_file_path(const struct ms_ue_file *f); /* on our disk; "" before it is known */
uint64_t ms_ue_file_size(const struct ms_ue_file *f);
uint64_t ms_ue_file_at(const struct ms_ue_file *f); /* octets sent or received, from the start */
bool ms_ue_file_has_hash(const struct ms_ue_file *f);

/** "sha-256:AB:CD..." of the offer, or "sha-1:..." or nothing. */
void ms_ue_file_put_hash(const struct ms_ue_file *f, struct ms_buf *b);

/** Media type of the offer. */
const char *ms_ue_file_type(const struct ms_ue_file *f);

#endif
