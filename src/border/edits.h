/* SPDX-License-Identifier: Apache-2.0 */
/* Header changes that live longer than what they were made from. */
#ifndef MS_BORDER_EDITS_H
#define MS_BORDER_EDITS_H

#include "core/attr.h"
#include "core/span.h"
#include "sip/packet.h"

#define MS_BORDER_EDITS_MAX 24

/** All-zero is empty. Names are static strings. */
struct ms_border_edits {
	struct ms_sip_edit edit[MS_BORDER_EDITS_MAX];
	char *value[MS_BORDER_EDITS_MAX]; /* owned copies, or NULL */
	size_t n;
	int err; /* sticky: -ENOMEM, -ENOSPC */
};

/** The header's lines go. */
void ms_border_edit_remove(struct ms_border_edits *e, const char *name);
/** The header's lines go and this stands there. */
void ms_border_edit_set(struct ms_border_edits *e, const char *name, struct ms_span value);
/** This comes above the lines that are there. */
void ms_border_edit_add(struct ms_border_edits *e, const char *name, struct ms_span value);
/** Takes tokens (ended by NULL) out of a header that lists such; it goes if nothing is left. */
void ms_border_edit_untoken(struct ms_border_edits *e, const struct ms_sip_packet *m,
			    const char *name, const char *const *tokens);

/** As a change, borrowed. */
struct ms_sip_change ms_border_edits_change(const struct ms_border_edits *e);

/** Everything of `from` moves to the end of `to`; `from` is empty then. */
void ms_border_edits_move(struct ms_border_edits *from, struct ms_border_edits *to);

void ms_border_edits_done(struct ms_border_edits *e);

#endif
