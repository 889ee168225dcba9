/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the binary codec: reading elements into a tree. */
#ifndef MS_H248_BINARY_READ_PRIV_H
#define MS_H248_BINARY_READ_PRIV_H

#include "h248/binary-priv.h"

/*
 * The first error sticks here and refuses the message. So readers return what they read and need not
 * say whether they could: what comes after an error is read for nothing, but ends, since each step
 * takes octets.
 */
struct rd {
	struct ms_h248_arena *a;
	const uint8_t *start;
	const uint8_t *behind; /* what ms_rd_next_slow() found */
	unsigned depth;        /* of embedded descriptors, which may nest in version 3 */
	int err;               /* the first */
	int code;              /* of H.248.8, for what is wrong here */
	/* where reading is: each is set once what identifies it has been read */
	const struct ms_h248_message *message;
	const struct ms_h248_mid *sender;
	const struct ms_h248_transaction *transaction;
	const struct ms_h248_action *action;
	struct ms_h248_refused refused; /* where it was at the first error; not set before */
};

#define RD_DEPTH_MAX 4

/* An element: its identifier and its content. What is left to read of a content is a span, too. */
struct el {
	uint8_t id;
	struct ms_span in;
};

/* The fields of a SEQUENCE, in order. */
struct fields {
	struct ms_span in;
	uint8_t room; /* how many tags may follow: those from 31 - room to 30, and any over 30 */
};

/* Remembers the first error. */
MS_COLD void ms_rd_bad(struct rd *r, const uint8_t *at, const char *reason);
MS_COLD void ms_rd_no_memory(struct rd *r);

/*
 * Reading is instructions more than anything else: most elements have a tag below 31 and a length of
 * one octet, which is seen here with as few comparisons as there can be. The rest (long forms,
 * indefinite lengths, extensions, what is malformed) has functions of its own. They give the content
 * and leave in r->behind where the next element begins; p NULL: there is none, or it is malformed. No
 * cursor's address goes anywhere, so that cursors stay in registers.
 */
#define RARELY(x) __builtin_expect(!!(x), 0)

struct ms_span ms_rd_next_slow(struct rd *r, struct ms_span in);
struct ms_span ms_rd_item_slow(struct rd *r, struct ms_span in, unsigned id);
struct ms_span ms_rd_field_slow(struct rd *r, struct ms_span in, uint8_t room);
struct ms_span ms_rd_choice_slow(struct rd *r, struct ms_span in);

/* Takes what was found, or not. */
static inline bool ms_rd_take(const struct rd *r, struct ms_span found, struct ms_span *in,
			      struct el *ret_x)
{
	if (!found.p)
		return false;
	ret_x->id = in->p[0];
	ret_x->in = found;
	in->len -= (size_t)(r->behind - in->p);
	in->p = r->behind;
	return true;
}

/* A length of one octet, else something out of bounds. */
static inline size_t ms_rd_short(const uint8_t *p)
{
	return (size_t)(int8_t)p[1];
}

/* The next element; false at the end and on error. */
static inline bool ms_rd_next(struct rd *r, struct ms_span *in, struct el *ret_x)
{
	const uint8_t *p = in->p;
	size_t len;

	if (in->len < 2)
		return in->len && ms_rd_take(r, ms_rd_next_slow(r, *in), in, ret_x);
	len = ms_rd_short(p);
	if (RARELY(len > in->len - 2 || (p[0] & 0x1f) == 0x1f))
		return ms_rd_take(r, ms_rd_next_slow(r, *in), in, ret_x);
	*ret_x = (struct el){ p[0], { p + 2, len } };
	*in = (struct ms_span){ p + 2 + len, in->len - 2 - len };
	return true;
}

static inline bool ms_rd_item_other(struct rd *r, struct ms_span *in, unsigned id,
				    struct ms_span *ret_item)
{
	struct el x;
	if (!ms_rd_take(r, ms_rd_item_slow(r, *in, id), in, &x))
		return false;
	*ret_item = x.in;
	return true;
}

/* The next element of a SEQUENCE OF, with that identifier. */
static inline bool ms_rd_item(struct rd *r, struct ms_span *in, unsigned id,
			      struct ms_span *ret_item)
{
	const uint8_t *p = in->p;
	size_t len;

	if (in->len < 2)
		return in->len && ms_rd_item_other(r, in, id, ret_item);
	len = ms_rd_short(p);
	if (RARELY(p[0] != id || len > in->len - 2))
		return ms_rd_item_other(r, in, id, ret_item);
	*ret_item = (struct ms_span){ p + 2, len };
	*in = (struct ms_span){ p + 2 + len, in->len - 2 - len };
	return true;
}

static inline struct fields ms_rd_fields(struct ms_span in)
{
	return (struct fields){ in, 31 };
}

/* Tags that may follow that of `id`: 30 - tag; very many, if it is over 30 or of another class. */
static inline uint8_t ms_rd_room(unsigned id)
{
	return (uint8_t)(((id | 0x20) ^ 0xbf) - 1);
}

/* The next field; false at the end and on error. Fields stand in order and once. */
static inline bool ms_rd_field(struct rd *r, struct fields *f, struct el *ret_x)
{
	struct ms_span *in = &f->in;
	const uint8_t *p = in->p;
	uint8_t room;
	size_t len;

	if (in->len < 2)
		return in->len && ms_rd_take(r, ms_rd_field_slow(r, *in, f->room), in, ret_x);
	len = ms_rd_short(p);
	room = ms_rd_room(p[0]);
	if (RARELY(room >= f->room || len > in->len - 2)) {
		if (!ms_rd_take(r, ms_rd_field_slow(r, *in, f->room), in, ret_x))
			return false;
		f->room = room < f->room ? room : 0;
		return true;
	}
	f->room = room;
	*ret_x = (struct el){ p[0], { p + 2, len } };
	*in = (struct ms_span){ p + 2 + len, in->len - 2 - len };
	return true;
}

/* Whether field `tag` has been there, or one behind it. */
static inline bool ms_rd_reached(const struct fields *f, unsigned tag)
{
	return f->room <= 30 - tag;
}

/* The alternative of a CHOICE that is wrapped in its field. */
static inline bool ms_rd_choice(struct rd *r, struct ms_span in, struct el *ret_x)
{
	const uint8_t *p = in.p;

	if (RARELY(in.len < 2 || ms_rd_short(p) != in.len - 2 || (p[0] & 0x1f) == 0x1f))
		return ms_rd_take(r, ms_rd_choice_slow(r, in), &in, ret_x);
	*ret_x = (struct el){ p[0], { p + 2, in.len - 2 } };
	return true;
}

/* Content of primitive types; 0 or nothing on error. */

uint32_t ms_rd_uint_long(struct rd *r, struct ms_span in, uint32_t max);

static inline uint32_t ms_rd_uint(struct rd *r, struct ms_span in, uint32_t max)
{
	if (in.len != 1 || RARELY(in.p[0] > 0x7f || in.p[0] > max))
		return ms_rd_uint_long(r, in, max);
	return in.p[0];
}

/* Big endian. */
static inline uint32_t ms_rd_16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t ms_rd_32(const uint8_t *p)
{
	return ms_rd_16(p) << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint16_t ms_rd_u16(struct rd *r, struct ms_span in)
{
	return (uint16_t)ms_rd_uint(r, in, UINT16_MAX);
}

static inline uint8_t ms_rd_u8(struct rd *r, struct ms_span in, uint8_t max)
{
	return (uint8_t)ms_rd_uint(r, in, max);
}

static inline bool ms_rd_bool(struct rd *r, struct ms_span in)
{
	if (in.len == 1)
		return in.p[0] != 0;
	ms_rd_bad(r, in.p, "boolean");
	return false;
}

static inline enum ms_h248_flag ms_rd_flag(struct rd *r, struct ms_span in)
{
	return ms_rd_bool(r, in) ? MS_H248_FLAG_ON : MS_H248_FLAG_OFF;
}

/* That it is there says all. */
static inline bool ms_rd_null(struct rd *r, struct ms_span in)
{
	if (in.len != 0)
		ms_rd_bad(r, in.p, "null");
	return true;
}

/* Bit n of the BIT STRING: 1 << n. */
uint32_t ms_rd_bits(struct rd *r, struct ms_span in);

/* A string of min to max octets, joined when it came in pieces; borrowed. p NULL: an error. */
struct ms_span ms_rd_string_slow(struct rd *r, unsigned id, struct ms_span in, size_t min,
				 size_t max);

static inline struct ms_span ms_rd_string(struct rd *r, struct el x, size_t min, size_t max)
{
	size_t len = x.in.len;

	if (RARELY(x.id & 0x20 || len < min || len > max))
		return ms_rd_string_slow(r, x.id, x.in, min, max);
	return ms_span_of(x.in.p, len);
}

/* The string within an octet string ("double wrapping", RFC 3525 A.2). */
struct ms_span ms_rd_unwrap(struct ms_span octets);

/* A package item's number: 4 octets, or the 2 of an item or a package alone. */
static inline uint32_t ms_rd_name(struct rd *r, struct ms_span in)
{
	if (in.len == 4)
		return ms_rd_32(in.p);
	if (in.len == 2)
		return ms_rd_16(in.p);
	ms_rd_bad(r, in.p, "name");
	return 0;
}

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

/* Descriptors, their content and where it goes. Lists begin at *ret_list. */
void ms_rd_error(struct rd *r, struct ms_span in, struct ms_h248_error **ret_error);
void ms_rd_param(struct rd *r, struct ms_span in, size_t name_len, struct ms_h248_param *ret_p);
void ms_rd_params(struct rd *r, struct ms_span in, size_t name_len,
		  struct ms_h248_param **ret_list);
void ms_rd_values(struct rd *r, struct ms_span in, struct ms_h248_value **ret_list);
void ms_rd_termination(struct rd *r, struct ms_span in, struct ms_h248_termination *ret_t);
void ms_rd_terminations(struct rd *r, struct ms_span in, struct ms_h248_termination **ret_list);
void ms_rd_media(struct rd *r, struct ms_span in, struct ms_h248_media **ret_media);
void ms_rd_sdp(struct rd *r, struct ms_span in, struct ms_h248_sdp *ret_sdp);
void ms_rd_sdp_names(struct rd *r, struct ms_span in, struct ms_h248_sdp *ret_sdp);
void ms_rd_statistics(struct rd *r, struct ms_span in, struct ms_h248_param **ret_list);
void ms_rd_events(struct rd *r, struct ms_span in, struct ms_h248_events **ret_events);
void ms_rd_event_buffer(struct rd *r, struct ms_span in, struct ms_h248_event **ret_list);
void ms_rd_signals(struct rd *r, struct ms_span in, struct ms_h248_signals **ret_signals);
void ms_rd_observed(struct rd *r, struct ms_span in, struct ms_h248_command *ret_c);
void ms_rd_digitmap(struct rd *r, struct ms_span in, struct ms_h248_digitmap *ret_d);
void ms_rd_audit(struct rd *r, struct ms_span in, struct ms_h248_audit **ret_audit);
void ms_rd_package(struct rd *r, struct ms_span in, struct ms_h248_package *ret_p);
void ms_rd_packages(struct rd *r, struct ms_span in, struct ms_h248_package **ret_list);
void ms_rd_modem(struct rd *r, struct ms_span in, struct ms_h248_modem **ret_modem);
void ms_rd_mux(struct rd *r, struct ms_span in, struct ms_h248_mux **ret_mux);
void ms_rd_time(struct rd *r, struct ms_span in, struct ms_h248_timestamp *ret_t);
void ms_rd_mid(struct rd *r, struct ms_span in, unsigned tag, struct ms_h248_mid *ret_mid);
void ms_rd_service_change(struct rd *r, struct ms_span in, struct ms_h248_service_change **ret_sc);
void ms_rd_service_change_result(struct rd *r, struct ms_span in, struct ms_h248_command *ret_c);
void ms_rd_context(struct rd *r, struct ms_span in, struct ms_h248_context *ret_x);
void ms_rd_context_audit(struct rd *r, struct ms_span in, struct ms_h248_context *ret_x);
void ms_rd_command(struct rd *r, unsigned id, struct ms_span in, struct ms_h248_command *ret_c);
void ms_rd_command_reply(struct rd *r, unsigned id, struct ms_span in,
			 struct ms_h248_command *ret_c);
void ms_rd_ind_property(struct rd *r, struct ms_span in, struct ms_h248_param **ret_list);

#endif
