/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file over one MSRP session (RFC 5547 section 8): sending from and receiving into storage that
 * the caller provides, with progress, hash verification while it streams, resumption by a=file-range,
 * refusal of what does not fit the selector, and cancelling from both sides.
 *
 * A transfer brings the handlers of its session: make it, put ms_msrp_file_tx_handlers() or
 * ms_msrp_file_rx_handlers() with the transfer as `arg` into the session's parameters, make the
 * session.
 */
#ifndef MS_MSRP_TRANSFER_H
#define MS_MSRP_TRANSFER_H

#include "msrp/file.h"
#include "msrp/session.h"

/** Where the octets of the file are. Offsets count from 0 in the whole file. */
struct ms_msrp_file_store {
	/** As ms_msrp_source.read, in the file. */
	int (*read)(void *arg, uint64_t offset, uint8_t *dst, size_t size, size_t *ret_n);
	/** Writes all of `octets`. 0 or negative errno. Not needed for sending. */
	int (*write)(void *arg, uint64_t offset, struct ms_span octets);
	void *arg; /* borrowed */
};

enum ms_msrp_file_result {
	MS_MSRP_FILE_DONE,      /* whole, and all that the selector says was verified */
	MS_MSRP_FILE_REFUSED,   /* by the peer; see the code */
	MS_MSRP_FILE_CANCELLED, /* by us */
	MS_MSRP_FILE_ABORTED,   /* by the peer */
	MS_MSRP_FILE_BAD_SIZE,  /* not the size, or outside the range, that was agreed */
	MS_MSRP_FILE_BAD_TYPE,  /* not the media type of the selector */
	MS_MSRP_FILE_BAD_HASH,
	MS_MSRP_FILE_STORAGE, /* reading or writing failed */
	MS_MSRP_FILE_TIMED_OUT,
	MS_MSRP_FILE_LOST, /* the connection ended; what came stays and can be resumed */
};

/** A static word for the result: "done", "refused" ... */
const char *ms_msrp_file_result_name(enum ms_msrp_file_result r);

struct ms_msrp_file_events {
	/** `octets` of `total` in the range are sent or received. total may be MS_MSRP_UNKNOWN. */
	void (*progress)(void *arg, uint64_t octets, uint64_t total);
	/** The end, once. `code` is an MSRP status or 0. */
	void (*done)(void *arg, enum ms_msrp_file_result result, int code);
	/** The session: bound to its connection; failed. May be NULL. */
	void (*bound)(void *arg);
	void (*failed)(void *arg, int code);
	void *arg; /* borrowed */
};

struct ms_msrp_file_params {
	struct ms_msrp_file_selector file; /* what was agreed in the offer and answer */
	struct ms_msrp_file_range range;   /* 1 to MS_MSRP_UNKNOWN for the whole file */
	struct ms_msrp_file_store store;
	struct ms_msrp_file_events events;
};

struct ms_msrp_file_tx;
struct ms_msrp_file_rx;

/**
 * A file to send. Its size must be known in params->file, and range.last be within it. -EINVAL,
 * -ENOMEM. Owned by the caller; must outlive its session.
 */
MS_MUST_CHECK int ms_msrp_file_tx_new(const struct ms_msrp_file_params *params,
				      struct ms_msrp_file_tx **ret_t);
struct ms_msrp_file_tx *ms_msrp_file_tx_free(struct ms_msrp_file_tx *t);
const struct ms_msrp_handlers *ms_msrp_file_tx_handlers(void);

/**
 * Queues the file as one message on the session whose handlers are the transfer's. Both reports are
 * asked for, so that MS_MSRP_FILE_DONE means the receiver verified it. Errors as ms_msrp_send().
 */
MS_MUST_CHECK int ms_msrp_file_tx_start(struct ms_msrp_file_tx *t, struct ms_msrp_session *s);

/** Ends it with '#'; done() with MS_MSRP_FILE_CANCELLED follows. */
void ms_msrp_file_tx_cancel(struct ms_msrp_file_tx *t);

/**
 * A file to receive. With range.first > 1 the octets before it must be readable from the store, if
 * the selector has a hash: they are hashed when the transfer ends. -EINVAL, -ENOMEM. Owned by the
 * caller; must outlive its session.
 */
MS_MUST_CHECK int ms_msrp_file_rx_new(const struct ms_msrp_file_params *params,
				      struct ms_msrp_file_rx **ret_r);
struct ms_msrp_file_rx *ms_msrp_file_rx_free(struct ms_msrp_file_rx *r);
const struct ms_msrp_handlers *ms_msrp_file_rx_handlers(void);

/**
 * Stops with 413; done() with MS_MSRP_FILE_CANCELLED follows. Before the first octet came, the
 * message is refused when it begins.
 */
void ms_msrp_file_rx_cancel(struct ms_msrp_file_rx *r);

/** Octets at the start of the range that came without a gap: where a resumed transfer begins. */
uint64_t ms_msrp_file_rx_contiguous(const struct ms_msrp_file_rx *r);

/**
 * Digests of a file, read through the store in pieces of 64 KiB: fills sha1 and sha256 of *s and
 * its size. Blocks as long as reading does. Returns 0 or what read() gave.
 */
MS_MUST_CHECK int ms_msrp_file_digest(const struct ms_msrp_file_store *store,
				      struct ms_msrp_file_selector *s);

#endif
