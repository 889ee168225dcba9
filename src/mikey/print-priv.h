/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two forms of a printed message behind one set of calls: lines of text with offsets in front,
 * or JSON.
 */
#ifndef MS_MIKEY_PRINT_PRIV_H
#define MS_MIKEY_PRINT_PRIV_H

#include "mikey/keydata.h"
#include "mikey/print.h"

struct ms_mikey_out {
	struct ms_buf *b; /* borrowed */
	enum ms_mikey_print_form form;
	unsigned depth;                   /* of indentation */
	unsigned nested;                  /* chains inside chains */
	bool first;                       /* JSON: no comma before what comes next */
	const uint8_t *base;              /* start of the message */
	const struct ms_profile *profile; /* borrowed */
};

/** A named list of items. */
void ms_mikey_out_list(struct ms_mikey_out *o, const char *key);
void ms_mikey_out_list_end(struct ms_mikey_out *o);

/** An item: something with a place in the message. */
void ms_mikey_out_item(struct ms_mikey_out *o, const char *name, struct ms_span raw);
void ms_mikey_out_item_end(struct ms_mikey_out *o);

/* Fields of an item. Keys are words_like_this; text shows blanks. */
void ms_mikey_out_num(struct ms_mikey_out *o, const char *key, uint64_t v);
void ms_mikey_out_hex32(struct ms_mikey_out *o, const char *key, uint32_t v);
void ms_mikey_out_octets(struct ms_mikey_out *o, const char *key, struct ms_span s);
void ms_mikey_out_str(struct ms_mikey_out *o, const char *key, const char *text);
/** A peer's text: what cannot be printed is escaped. */
void ms_mikey_out_text(struct ms_mikey_out *o, const char *key, struct ms_span s);
/** A number with its name: in JSON two members, key and key_name. */
void ms_mikey_out_name(struct ms_mikey_out *o, const char *key, enum ms_mikey_registry registry,
		       unsigned v);
void ms_mikey_out_prot(struct ms_mikey_out *o, unsigned prot_type);

/** Prints a decoded payload with what is nested in it. */
void ms_mikey_print_payload(struct ms_mikey_out *o, const struct ms_mikey_payload *p);

/** Prints a chain from where it stands to its end; 0 or -EBADMSG. Item names are payload names. */
MS_MUST_CHECK int ms_mikey_print_chain(struct ms_mikey_out *o, struct ms_mikey_chain *c,
				       struct ms_fault *fault);

#endif
