/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the text codec: writing. See text-priv.h about errors that stick. */
#ifndef MS_H248_TEXT_OUT_H
#define MS_H248_TEXT_OUT_H

#include "h248/text-priv.h"

struct ms_h248_spelling {
	char text[31]; /* all are copied, which takes no loop */
	uint8_t len;
};

struct ms_h248_out {
	uint8_t *p; /* next octet, in the room taken from `b` */
	uint8_t *end;
	struct ms_buf *b;
	const struct ms_h248_spelling *spellings; /* of all tokens in one style */
	int err;
	unsigned depth;
	bool indent;
	bool reply; /* inside a transaction reply */
};

/** Refuses the tree: -EINVAL unless there is an error already. */
void ms_h248_out_fail(struct ms_h248_out *out);

/** Room for `n` octets more; false after an error. */
bool ms_h248_out_grow(struct ms_h248_out *out, size_t n);

void ms_h248_out_line(struct ms_h248_out *out);

static inline bool ms_h248_out_room(struct ms_h248_out *out, size_t n)
{
	return (size_t)(out->end - out->p) >= n || ms_h248_out_grow(out, n);
}

static inline void ms_h248_out_c(struct ms_h248_out *out, char c)
{
	if (ms_h248_out_room(out, 1))
		*out->p++ = (uint8_t)c;
}

/* Names and numbers are short: no call for up to 16 octets. */
static inline void ms_h248_copy(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n > 16) {
		memcpy(to, from, n);
	} else if (n >= 8) {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, from, 4);
		memcpy(to + n - 4, from + n - 4, 4);
	} else {
		to[0] = from[0];
		to[n / 2] = from[n / 2];
		to[n - 1] = from[n - 1];
	}
}

static inline void ms_h248_out_put(struct ms_h248_out *out, const void *p, size_t n)
{
	if (!n || !ms_h248_out_room(out, n))
		return;
	ms_h248_copy(out->p, p, n);
	out->p += n;
}

static inline void ms_h248_out_token(struct ms_h248_out *out, enum ms_h248_token token)
{
	const struct ms_h248_spelling *s = &out->spellings[token];
	if ((size_t)(out->end - out->p) < sizeof(*s)) {
		ms_h248_out_put(out, s->text, s->len);
		return;
	}
	memcpy(out->p, s, sizeof(*s));
	out->p += s->len;
}

static inline void ms_h248_out_equal(struct ms_h248_out *out)
{
	if (out->indent)
		ms_h248_out_put(out, " = ", 3);
	else
		ms_h248_out_c(out, '=');
}

/** A list between braces: nothing is written before its first item. */
struct ms_h248_list {
	bool open;
};

/** Before an item: the brace or comma, in the indented style a new line. */
static inline void ms_h248_out_item(struct ms_h248_out *out, struct ms_h248_list *list)
{
	ms_h248_out_c(out, list->open ? ',' : '{');
	out->depth += !list->open;
	list->open = true;
	if (out->indent)
		ms_h248_out_line(out);
}

/** After the last item; a list without any is not written, or with `braces` as "{}". */
static inline void ms_h248_out_end(struct ms_h248_out *out, struct ms_h248_list *list, bool braces)
{
	if (!list->open) {
		if (braces)
			ms_h248_out_put(out, "{}", 2);
		return;
	}
	out->depth--;
	if (out->indent)
		ms_h248_out_line(out);
	ms_h248_out_c(out, '}');
}

/** An item that is a token. */
static inline void ms_h248_out_item_token(struct ms_h248_out *out, struct ms_h248_list *list,
					  enum ms_h248_token token)
{
	ms_h248_out_item(out, list);
	ms_h248_out_token(out, token);
}

/** An item "token = token". */
void ms_h248_out_item_is(struct ms_h248_out *out, struct ms_h248_list *list,
			 enum ms_h248_token token, enum ms_h248_token value);

/** An item "token = number". */
void ms_h248_out_item_number(struct ms_h248_out *out, struct ms_h248_list *list,
			     enum ms_h248_token token, uint32_t value);

void ms_h248_out_number(struct ms_h248_out *out, uint32_t v);

/** UINT32_MAX is '*'. */
void ms_h248_out_request_id(struct ms_h248_out *out, uint32_t id);

/** Octets that must be 1 to `max` of some classes. */
void ms_h248_out_checked(struct ms_h248_out *out, struct ms_span s, unsigned classes, size_t max);

/** Between quotes; what cannot stand there refuses the tree. */
void ms_h248_out_quoted(struct ms_h248_out *out, struct ms_span s);

/** octetString between braces, each "}" escaped if `escape`. */
void ms_h248_out_octets(struct ms_h248_out *out, struct ms_span s, bool escape);

void ms_h248_out_hex(struct ms_h248_out *out, struct ms_span s);
void ms_h248_out_name(struct ms_h248_out *out, const struct ms_h248_name *name);

/** Name, relation, values; `package`: name is of package and item. */
void ms_h248_out_param(struct ms_h248_out *out, const struct ms_h248_param *p, bool package);
void ms_h248_out_params(struct ms_h248_out *out, struct ms_h248_list *list,
			const struct ms_h248_param *p, bool package);
void ms_h248_out_mid(struct ms_h248_out *out, const struct ms_h248_mid *mid);
void ms_h248_out_termination(struct ms_h248_out *out, const struct ms_h248_termination *t);
void ms_h248_out_terminations(struct ms_h248_out *out, const struct ms_h248_termination *t,
			      char open, char close);
void ms_h248_out_context_id(struct ms_h248_out *out, uint32_t id);
void ms_h248_out_timestamp(struct ms_h248_out *out, const struct ms_h248_timestamp *t);
void ms_h248_out_error(struct ms_h248_out *out, const struct ms_h248_error *e);

void ms_h248_out_media(struct ms_h248_out *out, const struct ms_h248_media *m);
void ms_h248_out_modem(struct ms_h248_out *out, const struct ms_h248_modem *m);
void ms_h248_out_mux(struct ms_h248_out *out, const struct ms_h248_mux *m);
void ms_h248_out_statistics(struct ms_h248_out *out, const struct ms_h248_param *p);

/** `braces`: written even if there is nothing in them (audits: the bare token asks for all). */
void ms_h248_out_events(struct ms_h248_out *out, const struct ms_h248_events *e, bool embedded,
			bool braces);
void ms_h248_out_event_buffer(struct ms_h248_out *out, const struct ms_h248_event *list,
			      bool braces);
void ms_h248_out_signals(struct ms_h248_out *out, const struct ms_h248_signals *s, bool braces);
void ms_h248_out_observed(struct ms_h248_out *out, const struct ms_h248_command *c);
void ms_h248_out_digitmap(struct ms_h248_out *out, const struct ms_h248_digitmap *d);
void ms_h248_out_packages(struct ms_h248_out *out, const struct ms_h248_package *p);
void ms_h248_out_audit_items(struct ms_h248_out *out, struct ms_h248_list *list,
			     const struct ms_h248_audit *a);
void ms_h248_out_service_change(struct ms_h248_out *out, const struct ms_h248_service_change *sc);
void ms_h248_out_context(struct ms_h248_out *out, struct ms_h248_list *list,
			 const struct ms_h248_context *c);
void ms_h248_out_command(struct ms_h248_out *out, const struct ms_h248_command *c);

#endif
