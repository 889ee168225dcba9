/* SPDX-License-Identifier: Apache-2.0 */
/* The table of fields as an annotated YAML file with all defaults. */
#include <inttypes.h>

#include "daemon/config-priv.h"

static void put_indent(struct ms_buf *out, unsigned depth, bool comment)
{
	for (unsigned i = 0; i < depth; i++)
		ms_buf_put_str(out, "  ");
	if (comment)
		ms_buf_put_str(out, "# ");
}

static void put_help(struct ms_buf *out, const struct ms_config_field *f, unsigned depth,
		     bool comment)
{
	put_indent(out, depth, comment);
	ms_buf_printf(out, "%s%s", comment ? "" : "# ", f->help ? f->help : f->key);
	if (f->type == MS_CONFIG_ENUM)
		for (unsigned i = 0; f->names[i]; i++)
			ms_buf_printf(out, "%s%s", i == 0 ? " One of " : ", ", f->names[i]);
	if (f->type == MS_CONFIG_UINT && f->max > 0)
		ms_buf_printf(out, " (%" PRIu64 " to %" PRIu64 ")", f->min, f->max);
	ms_buf_put_str(out, "\n");
}

/* Quotes where YAML would see something else than text. */
static void put_value(struct ms_buf *out, const struct ms_config_field *f)
{
	bool quote = f->type == MS_CONFIG_TEXT || f->type == MS_CONFIG_ADDR;

	if (!f->value)
		ms_buf_put_str(out, " # must be given\n");
	else if (quote)
		ms_buf_printf(out, " \"%s\"\n", f->value);
	else
		ms_buf_printf(out, " %s\n", f->value);
}

static void put_profile(struct ms_buf *out, unsigned depth)
{
	const struct ms_profile_entry *e;

	for (size_t i = 0; (e = ms_profile_entry(i)); i++) {
		put_indent(out, depth, false);
		ms_buf_printf(out, "# %s: \"%s\"\n", e->name, e->value);
	}
}

static void put_fields(struct ms_buf *out, const struct ms_config_field *fields, unsigned depth,
		       bool comment)
{
	for (; fields->key; fields++) {
		if (depth == 0)
			ms_buf_put_str(out, "\n");
		put_help(out, fields, depth, comment);
		put_indent(out, depth, comment || fields->type == MS_CONFIG_LIST);
		ms_buf_printf(out, "%s:", fields->key);
		if (fields->type == MS_CONFIG_MAP) {
			ms_buf_put_str(out, "\n");
			put_fields(out, fields->fields, depth + 1, comment);
		} else if (fields->type == MS_CONFIG_PROFILE) {
			ms_buf_put_str(out, "\n");
			put_profile(out, depth + 1);
		} else if (fields->type == MS_CONFIG_LIST) {
			ms_buf_put_str(out, fields->fields ? " # a list of mappings of\n"
							   : " # a list\n");
			if (fields->fields)
				put_fields(out, fields->fields, depth + 2, true);
		} else {
			put_value(out, fields);
		}
	}
}

void ms_config_document(const struct ms_config_field *fields, struct ms_buf *out)
{
	put_fields(out, fields, 0, false);
}
