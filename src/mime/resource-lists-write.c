/* SPDX-License-Identifier: Apache-2.0 */
/* Writing resource lists, and the history list a URI-list server sends along (RFC 5364). */
#include <errno.h>

#include "mime/mime-priv.h"
#include "mime/resource-lists.h"
#include "mime/xml-priv.h"

static const char head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
			   "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\" "
			   "xmlns:cp=\"urn:ietf:params:xml:ns:copycontrol\">\r\n<list";

static const char *const copy_names[] = {
	[MS_COPY_BCC] = "bcc", [MS_COPY_CC] = "cc", [MS_COPY_TO] = "to"
};

static void put_checked(struct ms_buf *b, struct ms_span text)
{
	if (!ms_mime_is_utf8(text) || ms_mime_has_control(text))
		ms_buf_fail(b, -EINVAL);
	ms_xml_put_escaped(b, text);
}

void ms_resource_entry_write(struct ms_buf *b, const struct ms_resource_entry *e)
{
	ms_buf_put_str(b, "<entry uri=\"");
	put_checked(b, e->uri);
	ms_buf_put_u8(b, '"');
	if (e->copy_given)
		ms_buf_printf(b, " cp:copyControl=\"%s\"", copy_names[e->copy]);
	if (e->anonymize)
		ms_buf_put_str(b, " cp:anonymize=\"true\"");
	if (e->count > 1)
		ms_buf_printf(b, " cp:count=\"%u\"", e->count);
	if (e->display_name.len > 0) {
		ms_buf_put_str(b, "><display-name>");
		put_checked(b, e->display_name);
		ms_buf_put_str(b, "</display-name></entry>\r\n");
	} else {
		ms_buf_put_str(b, "/>\r\n");
	}
}

static void put_head(struct ms_buf *b, struct ms_span name)
{
	ms_buf_put_str(b, head);
	if (name.len > 0) {
		ms_buf_put_str(b, " name=\"");
		put_checked(b, name);
		ms_buf_put_u8(b, '"');
	}
	ms_buf_put_str(b, ">\r\n");
}

static void put_foot(struct ms_buf *b)
{
	ms_buf_put_str(b, "</list>\r\n</resource-lists>\r\n");
}

void ms_resource_lists_write(struct ms_buf *b, struct ms_span name,
			     const struct ms_resource_entry *entry, size_t n)
{
	put_head(b, name);
	for (size_t i = 0; i < n; i++)
		ms_resource_entry_write(b, &entry[i]);
	put_foot(b);
}

static uint32_t hidden(const struct ms_resource_entry *entry, size_t n, enum ms_copy_control copy)
{
	uint32_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += entry[i].copy == copy && entry[i].anonymize;
	return count;
}

/* RFC 5364 section 6: first who may be seen, then how many may not. */
static void put_level(struct ms_buf *b, const struct ms_resource_entry *entry, size_t n,
		      enum ms_copy_control copy)
{
	struct ms_resource_entry e = { .copy = copy, .copy_given = true, .count = 1 };

	for (size_t i = 0; i < n; i++) {
		if (entry[i].copy != copy || entry[i].anonymize)
			continue;
		e.uri = entry[i].uri;
		ms_resource_entry_write(b, &e);
	}
	e.uri = MS_SPAN_LIT(MS_RESOURCE_ANONYMOUS);
	e.count = hidden(entry, n, copy);
	if (e.count > 0)
		ms_resource_entry_write(b, &e);
}

bool ms_resource_lists_history(struct ms_buf *b, const struct ms_resource_entry *entry, size_t n)
{
	size_t shown = 0;

	for (size_t i = 0; i < n; i++)
		shown += entry[i].copy != MS_COPY_BCC;
	if (shown == 0)
		return false;
	put_head(b, MS_SPAN_NULL);
	put_level(b, entry, n, MS_COPY_TO);
	put_level(b, entry, n, MS_COPY_CC);
	put_foot(b);
	return true;
}
