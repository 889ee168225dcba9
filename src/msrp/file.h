/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of the SDP attributes for file transfer (RFC 5547 section 6): a=file-selector,
 * a=file-transfer-id, a=file-range, a=file-disposition. Dates and icons are for display; nobody here reads
 * them. ms_msrp_file_selector_matches(), _any() and ms_msrp_file_offer_kind() are for programs from which
 * files may be fetched; mediasec-ue offers what it sends.
 */
#ifndef MS_MSRP_FILE_H
#define MS_MSRP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/random.h"
#include "core/span.h"

#define MS_MSRP_FILE_NAME_MAX 255
#define MS_MSRP_FILE_TYPE_MAX 255
#define MS_MSRP_FILE_ID_MAX 128

/** Which file: every selector is optional, but an offer needs one (section 6). */
struct ms_msrp_file_selector {
	char name[MS_MSRP_FILE_NAME_MAX + 1]; /* decoded, UTF-8; "" if absent. From a peer: see
					       * ms_msrp_file_safe_name() before use as a file name */
	char type[MS_MSRP_FILE_TYPE_MAX + 1]; /* media type as for Content-Type; "" if absent */
	bool has_size;
	uint64_t size; /* octets of the whole file */
	bool has_sha1;
	uint8_t sha1[20];
	bool has_sha256; /* an extension: RFC 5547 knows only sha-1, others ignore it */
	uint8_t sha256[32];
};

/** Octets first..last of the file, counting from 1. */
struct ms_msrp_file_range {
	uint64_t first;
	uint64_t last; /* MS_MSRP_UNKNOWN for "*" */
};

/**
 * Parses the value of a=file-selector (what follows the colon; may be empty). Hashes of unknown
 * algorithms are passed over; a selector given twice, or unknown, is an error. -EBADMSG, -EMSGSIZE.
 */
MS_MUST_CHECK int ms_msrp_file_selector_parse(struct ms_span value,
					      struct ms_msrp_file_selector *ret_s);

/** Appends the value. Errors stick to the buffer. */
void ms_msrp_file_selector_put(struct ms_buf *b, const struct ms_msrp_file_selector *s);

/**
 * True if `file` (what is known of a file) satisfies all selectors of `wanted`; what is unknown of
 * the file does not satisfy. Media types are compared without parameters.
 */
bool ms_msrp_file_selector_matches(const struct ms_msrp_file_selector *wanted,
				   const struct ms_msrp_file_selector *file);

/** True if at least one selector is there. */
bool ms_msrp_file_selector_any(const struct ms_msrp_file_selector *s);

/** "first-last" or "first-*". -EBADMSG if malformed, first is 0 or last < first. */
MS_MUST_CHECK int ms_msrp_file_range_parse(struct ms_span value, struct ms_msrp_file_range *ret_r);
void ms_msrp_file_range_put(struct ms_buf *b, const struct ms_msrp_file_range *r);

/** Appends a new random identifier of 32 characters (section 8.1). */
MS_MUST_CHECK int ms_msrp_file_id_put(struct ms_buf *b, const struct ms_random *random);

/** True if `s` is a token of at most MS_MSRP_FILE_ID_MAX octets; also for a=file-disposition. */
bool ms_msrp_file_id_valid(struct ms_span s);

/**
 * Appends a name that is safe as a file name in one directory: the part after the last / or \,
 * control octets and the characters that some systems treat specially replaced by '_', no leading
 * dots, at most 200 octets, never empty ("file").
 */
void ms_msrp_file_safe_name(struct ms_buf *b, struct ms_span name);

/** What a repeated offer asks for: figure 3 of section 8.1. */
enum ms_msrp_file_offer {
	MS_MSRP_FILE_NEW,  /* a new transfer (aborting one that runs) */
	MS_MSRP_FILE_SAME, /* the transfer there is; nothing to do */
	MS_MSRP_FILE_ERROR /* same identifier, other file: refuse */
};
enum ms_msrp_file_offer ms_msrp_file_offer_kind(struct ms_span old_id,
						const struct ms_msrp_file_selector *old_file,
						struct ms_span new_id,
						const struct ms_msrp_file_selector *new_file);

#endif
