/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing MIKEY messages. A writer appends payloads to a buffer and keeps the Next Payload chain:
 * each payload's number is written into the octet that announces it when it is put.
 *
 *	ms_mikey_write_hdr(&w, &buf, &hdr, cs);
 *	ms_mikey_put_t(&w, &t);
 *	...
 *	mac_at = ms_mikey_put_v(&w, MS_MIKEY_MAC_HMAC_SHA_1_160);
 *
 * Errors stick in the buffer: ms_buf_status() tells at the end. Values that do not fit their field
 * give -EMSGSIZE, unknown algorithm or timestamp numbers -EINVAL.
 */
#ifndef MS_MIKEY_WRITER_H
#define MS_MIKEY_WRITER_H

#include "core/buf.h"
#include "mikey/message.h"

struct ms_mikey_writer {
	struct ms_buf *b; /* borrowed */
	size_t link;      /* offset of the octet that announces the next payload; SIZE_MAX: none */
};

/** Starts a message: HDR and its map of hdr->n_cs entries. Version is 1. */
void ms_mikey_write_hdr(struct ms_mikey_writer *w, struct ms_buf *b, const struct ms_mikey_hdr *hdr,
			const struct ms_mikey_cs *cs);

/** Starts a chain with a First Payload octet: TP Data, Initiator Data. */
void ms_mikey_write_first(struct ms_mikey_writer *w, struct ms_buf *b);

/** Starts a chain whose first payload nobody announces: Ticket Data, or one payload alone. */
void ms_mikey_write_bare(struct ms_mikey_writer *w, struct ms_buf *b);

void ms_mikey_put_t(struct ms_mikey_writer *w, const struct ms_mikey_ts *t);
void ms_mikey_put_tr(struct ms_mikey_writer *w, unsigned role, const struct ms_mikey_ts *t);
void ms_mikey_put_id(struct ms_mikey_writer *w, const struct ms_mikey_id *id);
void ms_mikey_put_idr(struct ms_mikey_writer *w, unsigned role, const struct ms_mikey_id *id);
void ms_mikey_put_rand(struct ms_mikey_writer *w, struct ms_span rand);
void ms_mikey_put_randr(struct ms_mikey_writer *w, unsigned role, struct ms_span rand);
void ms_mikey_put_sp(struct ms_mikey_writer *w, unsigned policy_no, unsigned prot_type,
		     struct ms_span params);
void ms_mikey_put_err(struct ms_mikey_writer *w, unsigned error_no);
void ms_mikey_put_ext(struct ms_mikey_writer *w, unsigned type, struct ms_span data);
void ms_mikey_put_cert(struct ms_mikey_writer *w, unsigned type, struct ms_span cert);
void ms_mikey_put_chash(struct ms_mikey_writer *w, unsigned hash_func, struct ms_span hash);
void ms_mikey_put_pke(struct ms_mikey_writer *w, unsigned c, struct ms_span data);
void ms_mikey_put_thdr(struct ms_mikey_writer *w, struct ms_span data);

/** KEMAC with the NULL MAC. */
void ms_mikey_put_kemac(struct ms_mikey_writer *w, unsigned encr_alg, struct ms_span encr_data);

/** KEMAC with the MAC it has, as RFC 3830's own exchanges use it. */
void ms_mikey_put_kemac_mac(struct ms_mikey_writer *w, const struct ms_mikey_kemac *k);

/** Parameters of an SP payload, one Type/Length/Value after the other, into a buffer of their own. */
void ms_mikey_sp_param(struct ms_buf *b, unsigned type, struct ms_span value);
void ms_mikey_sp_param_u8(struct ms_buf *b, unsigned type, unsigned value);

/** V with a MAC of zeroes; returns the MAC's offset in the buffer, to be filled in by the caller. */
size_t ms_mikey_put_v(struct ms_mikey_writer *w, unsigned mac_alg);

/** V with its MAC. */
void ms_mikey_put_v_mac(struct ms_mikey_writer *w, unsigned mac_alg, struct ms_span mac);

/** SIGN with `len` octets of zeroes to be filled in by the caller; returns their offset in the
 * buffer. */
size_t ms_mikey_put_sign(struct ms_mikey_writer *w, unsigned s_type, size_t len);

/** TP from the head fields of *p and the TP Data as they are in p->tp_data. */
void ms_mikey_put_tp(struct ms_mikey_writer *w, const struct ms_mikey_policy *p);

/** TICKET from *p: head, p->tp_data, p->ticket_data, p->initiator_data. */
void ms_mikey_put_ticket(struct ms_mikey_writer *w, const struct ms_mikey_policy *p);

/** Any payload octet by octet, from its Next Payload octet on, which is set anew (for a TICKET
 * passed on: reserved bits and unknown payloads must survive, RFC 6043 section 6.10). */
void ms_mikey_put_raw(struct ms_mikey_writer *w, unsigned type, struct ms_span raw);

#endif
