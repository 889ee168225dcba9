/* SPDX-License-Identifier: Apache-2.0 */
#include "border/edits.h"

#include <errno.h>

#include "core/alloc.h"

static void put(struct ms_border_edits *e, const char *name, struct ms_span value, bool keep)
{
	char *copy = NULL;

	if (e->n == MS_BORDER_EDITS_MAX) {
		e->err = -ENOSPC;
		return;
	}
	if (value.p) {
		copy = ms_strdup_span(value);
		if (!copy) {
			e->err = -ENOMEM;
			return;
		}
	}
	e->value[e->n] = copy;
	e->edit[e->n++] =
		(struct ms_sip_edit){ name, copy ? ms_span_str(copy) : MS_SPAN_NULL, keep };
}

void ms_border_edit_remove(struct ms_border_edits *e, const char *name)
{
	put(e, name, MS_SPAN_NULL, false);
}

void ms_border_edit_set(struct ms_border_edits *e, const char *name, struct ms_span value)
{
	put(e, name, value, false);
}

void ms_border_edit_add(struct ms_border_edits *e, const char *name, struct ms_span value)
{
	put(e, name, value, true);
}

static bool is_among(struct ms_span value, const char *const *tokens)
{
	for (; *tokens; tokens++)
		if (ms_span_is_nocase(value, *tokens))
			return true;
	return false;
}

void ms_border_edit_untoken(struct ms_border_edits *e, const struct ms_sip_packet *m,
			    const char *name, const char *const *tokens)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf rest;
	struct ms_span value;
	bool any = false;

	ms_buf_init(&rest, 65536);
	for (size_t i = 0; ms_sip_packet_element(m, name, i, &value); i++) {
		if (is_among(value, tokens)) {
			any = true;
			continue;
		}
		if (rest.len > 0)
			ms_buf_put_str(&rest, ", ");
		ms_buf_put_span(&rest, value);
	}
	if (!any)
		return;
	if (ms_buf_status(&rest))
		e->err = ms_buf_status(&rest);
	else
		put(e, name, rest.len > 0 ? ms_buf_span(&rest) : MS_SPAN_NULL, false);
}

struct ms_sip_change ms_border_edits_change(const struct ms_border_edits *e)
{
	return (struct ms_sip_change){ .edits = e->edit, .n_edits = e->n };
}

void ms_border_edits_move(struct ms_border_edits *from, struct ms_border_edits *to)
{
	for (size_t i = 0; i < from->n; i++) {
		if (to->n == MS_BORDER_EDITS_MAX) {
			to->err = -ENOSPC;
			ms_free(from->value[i]);
			continue;
		}
		to->edit[to->n] = from->edit[i];
		to->value[to->n++] = from->value[i];
	}
	if (from->err)
		to->err = from->err;
	*from = (struct ms_border_edits){ .n = 0 };
}

void ms_border_edits_done(struct ms_border_edits *e)
{
	for (size_t i = 0; i < e->n; i++)
		ms_free(e->value[i]);
	*e = (struct ms_border_edits){ .n = 0 };
}
