/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the binary codec: writing elements from a tree. */
#ifndef MS_H248_BINARY_WRITE_PRIV_H
#define MS_H248_BINARY_WRITE_PRIV_H

#include "h248/binary-priv.h"

struct wr {
	struct ms_buf *b;
	unsigned version;
	unsigned level;
	unsigned indefinite; /* outer levels written with indefinite lengths */
};

/* Not in this tree's version, or no binary form: sticks in the buffer. */
void ms_wr_bad(struct wr *w);

/* Slow part of ms_wr_room(): the buffer grows, or has failed and the octets go nowhere. */
uint8_t *ms_wr_room_slow(struct ms_buf *b, size_t n);

/* Room for n octets, at most 16. */
static inline uint8_t *ms_wr_room(struct wr *w, size_t n)
{
	struct ms_buf *b = w->b;
	if (b->err || b->cap - b->len < n)
		return ms_wr_room_slow(b, n);
	uint8_t *p = b->p + b->len;
	b->len += n;
	return p;
}

/* Opens a constructed element; ms_wr_close() fills its length in. */
size_t ms_wr_open(struct wr *w, unsigned id);
void ms_wr_close(struct wr *w, size_t mark);

void ms_wr_uint(struct wr *w, unsigned id, uint32_t v);
void ms_wr_bits(struct wr *w, unsigned id, uint32_t bits);
void ms_wr_string(struct wr *w, unsigned id, struct ms_span s);

/* A string of type `type` within one with identifier `id`: "double wrapping" (RFC 3525 A.2). */
void ms_wr_wrapped(struct wr *w, unsigned id, unsigned type, struct ms_span s);

static inline void ms_wr_u8(struct wr *w, unsigned id,
			    unsigned v) /* an enumeration, below 128; a boolean */
{
	uint8_t *p = ms_wr_room(w, 3);
	p[0] = (uint8_t)id;
	p[1] = 1;
	p[2] = (uint8_t)v;
}

static inline void ms_wr_bool(struct wr *w, unsigned id, bool v)
{
	ms_wr_u8(w, id, v ? 0xff : 0);
}

static inline void ms_wr_null(struct wr *w, unsigned id)
{
	uint8_t *p = ms_wr_room(w, 2);
	p[0] = (uint8_t)id;
	p[1] = 0;
}

/* `since`: the version that brought what is about to be written. */
static inline bool ms_wr_since(struct wr *w, unsigned since)
{
	if (w->version >= since)
		return true;
	ms_wr_bad(w);
	return false;
}

void ms_wr_error(struct wr *w, unsigned id, const struct ms_h248_error *e);
void ms_wr_name(struct wr *w, unsigned id, const struct ms_h248_name *n);
void ms_wr_param(struct wr *w, unsigned id, const struct ms_h248_param *p, size_t name_len);
void ms_wr_params(struct wr *w, unsigned id, const struct ms_h248_param *list, size_t name_len);
void ms_wr_values(struct wr *w, unsigned id, const struct ms_h248_value *list);
void ms_wr_termination(struct wr *w, unsigned id, const struct ms_h248_termination *t);
void ms_wr_terminations(struct wr *w, unsigned id, const struct ms_h248_termination *list);
void ms_wr_media(struct wr *w, unsigned id, const struct ms_h248_media *m);
void ms_wr_sdp(struct wr *w, unsigned id, const struct ms_h248_sdp *s);
void ms_wr_sdp_names(struct wr *w, unsigned id, const struct ms_h248_sdp *s);
void ms_wr_statistics(struct wr *w, unsigned id, const struct ms_h248_param *list);
void ms_wr_events(struct wr *w, unsigned id, const struct ms_h248_events *e);
void ms_wr_event_buffer(struct wr *w, unsigned id, const struct ms_h248_event *list);
void ms_wr_signals(struct wr *w, unsigned id, const struct ms_h248_signals *s);
void ms_wr_observed(struct wr *w, unsigned id, const struct ms_h248_command *c);
void ms_wr_digitmap(struct wr *w, unsigned id, const struct ms_h248_digitmap *d);
void ms_wr_audit(struct wr *w, unsigned id, const struct ms_h248_audit *a);
void ms_wr_package(struct wr *w, const struct ms_h248_package *p); /* its fields */
void ms_wr_packages(struct wr *w, unsigned id, const struct ms_h248_package *list);
void ms_wr_modem(struct wr *w, unsigned id, const struct ms_h248_modem *m);
void ms_wr_mux(struct wr *w, unsigned id, const struct ms_h248_mux *m);
void ms_wr_time(struct wr *w, unsigned id, const struct ms_h248_timestamp *t);
void ms_wr_mid(struct wr *w, unsigned tag, const struct ms_h248_mid *m);
void ms_wr_service_change(struct wr *w, unsigned id, const struct ms_h248_service_change *s);
void ms_wr_service_change_result(struct wr *w, unsigned id, const struct ms_h248_service_change *s);
void ms_wr_context(struct wr *w, unsigned id, const struct ms_h248_context *x);
void ms_wr_context_audit(struct wr *w, unsigned id, const struct ms_h248_context *x);
void ms_wr_command(struct wr *w, const struct ms_h248_command *c);
void ms_wr_command_reply(struct wr *w, const struct ms_h248_command *c);
void ms_wr_ind_property_items(struct wr *w, const struct ms_h248_param *list);

#endif
