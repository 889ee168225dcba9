/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the binary codec: reading elements into a tree and writing them.
 *
 * The module of annex A has automatic tags: field n of a SEQUENCE or CHOICE has context tag n, a
 * CHOICE within another type is wrapped in the tag of its field, elements of a SEQUENCE OF have the
 * universal tag of their type (X.680 sections 24.7, 28.5, 30.6).
 */
#ifndef MS_H248_BINARY_PRIV_H
#define MS_H248_BINARY_PRIV_H

#include <errno.h>

#include "h248/binary.h"

/* Identifier octets: field n, primitive and constructed; universal types. */
#define P(n) (0x80u | (n))
#define C(n) (0xa0u | (n))
enum {
	U_BOOLEAN = 0x01,
	U_INTEGER = 0x02,
	U_OCTETS = 0x04,
	U_UTF8 = 0x0c,
	U_IA5 = 0x16,
	U_SEQUENCE = 0x30
};

/* ---- reading ---- */

struct rd {
	struct ms_h248_arena *a;
	const uint8_t *start;
	unsigned depth;               /* of embedded descriptors, which may nest in version 3 */
	int err;                      /* the first */
	int code;                     /* of H.248.8, for what is wrong here */
	struct ms_h248_refused place; /* where reading is: version, sender, transaction, context */
	struct ms_h248_refused refused; /* where it was at the first error */
};

#define RD_DEPTH_MAX 4

/* An element: its identifier and its content. */
struct el {
	uint8_t id;
	const uint8_t *p, *end;
};

/* The fields of a SEQUENCE, in order. */
struct fields {
	const uint8_t *at, *end;
	unsigned next; /* least tag that may follow; 31: only tags over 30 */
};

/* Remembers the first error; false, for `return ms_rd_bad(...)`. */
bool ms_rd_bad(struct rd *r, const uint8_t *at, const char *reason);
bool ms_rd_no_memory(struct rd *r);

/*
 * Reading is instructions more than anything else: most elements have a tag below 31 and a length of
 * one octet, which is seen here with as few comparisons as there can be. The rest (long forms,
 * indefinite lengths, extensions, what is malformed) has functions of its own.
 */
#define RARELY(x) __builtin_expect(!!(x), 0)

bool ms_rd_next_slow(struct rd *r, const uint8_t **at, const uint8_t *end, struct el *e);
bool ms_rd_item_slow(struct rd *r, const uint8_t **at, const uint8_t *end, unsigned id,
		     struct el *e);
unsigned ms_rd_field_slow(struct rd *r, struct fields *f, struct el *e);
bool ms_rd_choice_slow(struct rd *r, const struct el *field, struct el *e);

/* The next element; false at the end and on error. */
static inline bool ms_rd_next(struct rd *r, const uint8_t **at, const uint8_t *end, struct el *e)
{
	const uint8_t *p = *at;
	size_t left = (size_t)(end - p), len;

	if (RARELY(left < 2))
		return left && ms_rd_next_slow(r, at, end, e);
	len = p[1];
	if (RARELY(len > 0x7f || len > left - 2 || (p[0] & 0x1f) == 0x1f))
		return ms_rd_next_slow(r, at, end, e);
	e->id = p[0];
	e->p = p + 2;
	e->end = *at = p + 2 + len;
	return true;
}

/* The next element of a SEQUENCE OF, with that identifier. */
static inline bool ms_rd_item(struct rd *r, const uint8_t **at, const uint8_t *end, unsigned id,
			      struct el *e)
{
	const uint8_t *p = *at;
	size_t left = (size_t)(end - p), len;

	if (left < 2)
		return left && ms_rd_item_slow(r, at, end, id, e);
	len = p[1];
	if (RARELY(p[0] != id || len > 0x7f || len > left - 2))
		return ms_rd_item_slow(r, at, end, id, e);
	e->id = (uint8_t)id;
	e->p = p + 2;
	e->end = *at = p + 2 + len;
	return true;
}

static inline struct fields ms_rd_fields(const struct el *e)
{
	return (struct fields){ e->p, e->end, 0 };
}

/* The identifier of the next field, 0 at the end and on error. Fields stand in order and once. */
static inline unsigned ms_rd_field(struct rd *r, struct fields *f, struct el *e)
{
	const uint8_t *p = f->at;
	size_t left = (size_t)(f->end - p), len;
	unsigned tag;

	if (left < 2)
		return left ? ms_rd_field_slow(r, f, e) : 0;
	len = p[1];
	tag = (p[0] & 0xdfu) ^ 0x80; /* over 30, if it is of another class */
	if (RARELY(tag - f->next >= 31 - f->next || len > 0x7f || len > left - 2))
		return ms_rd_field_slow(r, f, e);
	f->next = tag + 1;
	e->p = p + 2;
	e->end = f->at = p + 2 + len;
	return e->id = p[0];
}

/* The alternative of a CHOICE that is wrapped in its field. */
static inline bool ms_rd_choice(struct rd *r, const struct el *field, struct el *e)
{
	const uint8_t *p = field->p;
	size_t left = (size_t)(field->end - p);

	if (left < 2 || p[1] != left - 2 || p[1] > 0x7f || (p[0] & 0x1f) == 0x1f)
		return ms_rd_choice_slow(r, field, e);
	e->id = p[0];
	e->p = p + 2;
	e->end = field->end;
	return true;
}

/* Content of primitive types. */
bool ms_rd_uint_long(struct rd *r, const struct el *e, uint32_t max, uint32_t *ret_v);
static inline bool ms_rd_uint(struct rd *r, const struct el *e, uint32_t max, uint32_t *ret_v)
{
	if (e->end - e->p != 1 || e->p[0] > 0x7f || e->p[0] > max)
		return ms_rd_uint_long(r, e, max, ret_v);
	*ret_v = e->p[0];
	return true;
}
bool ms_rd_u16(struct rd *r, const struct el *e, uint16_t *ret_v);
bool ms_rd_u8(struct rd *r, const struct el *e, uint32_t max, uint8_t *ret_v);
bool ms_rd_bool(struct rd *r, const struct el *e, bool *ret_v);
bool ms_rd_null(struct rd *r, const struct el *e);
bool ms_rd_bits(struct rd *r, const struct el *e,
		uint32_t *ret_bits); /* bit n of the BIT STRING: 1 << n */

/* A string of min to max octets, joined when it came in pieces; borrowed. */
bool ms_rd_string_slow(struct rd *r, const struct el *e, size_t min, size_t max,
		       struct ms_span *ret_s);
static inline bool ms_rd_string(struct rd *r, const struct el *e, size_t min, size_t max,
				struct ms_span *ret_s)
{
	size_t len = (size_t)(e->end - e->p);

	if (e->id & 0x20 || len < min || len > max)
		return ms_rd_string_slow(r, e, min, max, ret_s);
	*ret_s = ms_span_of(e->p, len);
	return true;
}

/* The string within an octet string ("double wrapping", RFC 3525 A.2). */
struct ms_span ms_rd_unwrap(struct ms_span octets);

/* A node of the tree, appended at **tail, which moves on. NULL: no memory. */
#define RD_APPEND(r, tail, type)                                       \
	({                                                             \
		type *node_ = ms_h248_arena_get((r)->a, sizeof(type)); \
		if (node_) {                                           \
			*(tail) = node_;                               \
			(tail) = &node_->next;                         \
		} else {                                               \
			ms_rd_no_memory(r);                            \
		}                                                      \
		node_;                                                 \
	})

/* A node alone. */
#define RD_NEW(r, type)                                                \
	({                                                             \
		type *node_ = ms_h248_arena_get((r)->a, sizeof(type)); \
		if (!node_)                                            \
			ms_rd_no_memory(r);                            \
		node_;                                                 \
	})

/* Descriptors; each false on error. */
bool ms_rd_error(struct rd *r, const struct el *e, struct ms_h248_error **ret_error);
bool ms_rd_name(struct rd *r, const struct el *e, uint32_t *ret_id);
bool ms_rd_param(struct rd *r, const struct el *e, size_t name_len, struct ms_h248_param *p);
bool ms_rd_params(struct rd *r, const struct el *e, size_t name_len,
		  struct ms_h248_param **ret_list);
bool ms_rd_values(struct rd *r, const struct el *e, struct ms_h248_value **ret_list);
bool ms_rd_termination(struct rd *r, const struct el *e, struct ms_h248_termination *ret_t);
bool ms_rd_terminations(struct rd *r, const struct el *e, struct ms_h248_termination **ret_list);
bool ms_rd_media(struct rd *r, const struct el *e, struct ms_h248_media **ret_media);
bool ms_rd_sdp(struct rd *r, const struct el *e, struct ms_h248_sdp *ret_sdp);
bool ms_rd_sdp_names(struct rd *r, const struct el *e, struct ms_h248_sdp *ret_sdp);
bool ms_rd_statistics(struct rd *r, const struct el *e, struct ms_h248_param **ret_list);
bool ms_rd_events(struct rd *r, const struct el *e, struct ms_h248_events **ret_events);
bool ms_rd_event_buffer(struct rd *r, const struct el *e, struct ms_h248_event **ret_list);
bool ms_rd_signals(struct rd *r, const struct el *e, struct ms_h248_signals **ret_signals);
bool ms_rd_observed(struct rd *r, const struct el *e, struct ms_h248_command *ret_c);
bool ms_rd_digitmap(struct rd *r, const struct el *e, struct ms_h248_digitmap *ret_d);
bool ms_rd_audit(struct rd *r, const struct el *e, struct ms_h248_audit **ret_audit);
bool ms_rd_packages(struct rd *r, const struct el *e, struct ms_h248_package **ret_list);
bool ms_rd_modem(struct rd *r, const struct el *e, struct ms_h248_modem **ret_modem);
bool ms_rd_mux(struct rd *r, const struct el *e, struct ms_h248_mux **ret_mux);
bool ms_rd_time(struct rd *r, const struct el *e, struct ms_h248_timestamp *ret_t);
bool ms_rd_mid(struct rd *r, const struct el *e, unsigned tag, struct ms_h248_mid *ret_mid);
bool ms_rd_service_change(struct rd *r, const struct el *e, struct ms_h248_service_change **ret_sc);
bool ms_rd_service_change_result(struct rd *r, const struct el *e, struct ms_h248_command *ret_c);
bool ms_rd_context(struct rd *r, const struct el *e, struct ms_h248_context *ret_x);
bool ms_rd_context_audit(struct rd *r, const struct el *e, struct ms_h248_context *ret_x);
bool ms_rd_command(struct rd *r, const struct el *e, struct ms_h248_command *ret_c);
bool ms_rd_command_reply(struct rd *r, const struct el *e, struct ms_h248_command *ret_c);
bool ms_rd_ind_property(struct rd *r, const struct el *e, struct ms_h248_param **ret_list);

/* ---- writing ---- */

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
