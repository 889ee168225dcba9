/* SPDX-License-Identifier: Apache-2.0 */
/* Instant message disposition notifications, RFC 5438 section 11. */
#include "mime/imdn.h"

#include <errno.h>

#include "mime/mime-priv.h"
#include "mime/xml-priv.h"

#define NS_IMDN "urn:ietf:params:xml:ns:imdn"

static const struct {
	const char *element;
	unsigned statuses; /* bit mask: what may be told */
} kinds[] = {
	[MS_IMDN_DELIVERY] = { "delivery-notification",
			       1u << MS_IMDN_DELIVERED | 1u << MS_IMDN_FAILED },
	[MS_IMDN_DISPLAY] = { "display-notification", 1u << MS_IMDN_DISPLAYED },
	[MS_IMDN_PROCESSING] = { "processing-notification",
				 1u << MS_IMDN_PROCESSED | 1u << MS_IMDN_STORED },
};

/* commonDispositionStatus of RFC 5438 section 11.1.9. */
#define ALL_KINDS (1u << MS_IMDN_FORBIDDEN | 1u << MS_IMDN_ERROR)

static const char *const statuses[] = {
	[MS_IMDN_DELIVERED] = "delivered", [MS_IMDN_FAILED] = "failed",
	[MS_IMDN_DISPLAYED] = "displayed", [MS_IMDN_PROCESSED] = "processed",
	[MS_IMDN_STORED] = "stored",       [MS_IMDN_FORBIDDEN] = "forbidden",
	[MS_IMDN_ERROR] = "error",
};

const char *ms_imdn_status_name(enum ms_imdn_status s)
{
	return (size_t)s < MS_ARRAY_SIZE(statuses) ? statuses[s] : "";
}

static bool goes_together(enum ms_imdn_kind k, enum ms_imdn_status s)
{
	return (size_t)k < MS_ARRAY_SIZE(kinds) && (size_t)s < MS_ARRAY_SIZE(statuses) &&
	       (kinds[k].statuses | ALL_KINDS) & 1u << s;
}

struct reading {
	struct ms_xml x;
	struct ms_span prefix; /* of the root, which all of ours have */
	struct ms_imdn *n;
	bool has_status;
};

/* The name without the root's prefix; p == NULL for an element of another name space. */
static struct ms_span local_name(const struct reading *rd, struct ms_span name)
{
	struct ms_span local = name, prefix = ms_span_cut(&local, ':');

	if (!local.p)
		return rd->prefix.len == 0 ? name : MS_SPAN_NULL;
	return ms_span_eq(prefix, rd->prefix) ? local : MS_SPAN_NULL;
}

static int read_root(struct reading *rd)
{
	struct ms_span local, prefix, ns;
	struct ms_xml_token t;
	char attribute[64] = "xmlns";

	if (ms_xml_next(&rd->x, &t) < 0 || t.kind != MS_XML_START)
		return -EBADMSG;
	local = t.name;
	prefix = ms_span_cut(&local, ':');
	if (local.p) {
		attribute[5] = ':';
		if (ms_span_to_str(prefix, attribute + 6, sizeof(attribute) - 6) < 0)
			return -EBADMSG;
		rd->prefix = prefix;
	} else {
		local = t.name;
	}
	ns = ms_xml_attribute(t.attributes, ms_span_str(attribute));
	return ms_span_is(local, "imdn") && ms_span_is(ns, NS_IMDN) ? 0 : -EBADMSG;
}

/* Inside an element of no interest, to its end. */
static int skip_element(struct reading *rd)
{
	unsigned outside = rd->x.depth - 1;
	struct ms_xml_token t;

	while (rd->x.depth > outside) {
		if (ms_xml_next(&rd->x, &t) < 0)
			return -EBADMSG;
	}
	return 0;
}

static int read_text(struct reading *rd, char *dst, size_t size)
{
	struct ms_buf b;
	struct ms_xml_token t;
	int err;

	if (dst[0] != '\0')
		return -EBADMSG;
	ms_buf_init_fixed(&b, dst, size - 1);
	for (;;) {
		if (ms_xml_next(&rd->x, &t) < 0 || t.kind == MS_XML_START)
			return -EBADMSG;
		if (t.kind == MS_XML_CLOSE)
			break;
		ms_xml_put_resolved(&b, t.text);
	}
	err = ms_buf_status(&b);
	if (err < 0)
		return err;
	dst[b.len] = '\0';
	return ms_mime_has_control(ms_buf_span(&b)) ? -EBADMSG : 0;
}

/* 1: the next element inside this one, p NULL if it is of no interest; 0: the end of this one. */
static int next_child(struct reading *rd, struct ms_span *ret_name)
{
	struct ms_xml_token t;

	for (;;) {
		if (ms_xml_next(&rd->x, &t) < 0)
			return -EBADMSG;
		if (t.kind == MS_XML_CLOSE)
			return 0;
		if (t.kind != MS_XML_TEXT)
			break;
		if (ms_span_trim(t.text).len > 0)
			return -EBADMSG;
	}
	*ret_name = local_name(rd, t.name);
	return 1;
}

static int take_status(struct reading *rd, struct ms_span name)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(statuses); i++) {
		if (!ms_span_is(name, statuses[i]))
			continue;
		if (rd->has_status || !goes_together(rd->n->kind, (enum ms_imdn_status)i))
			return -EBADMSG;
		rd->n->status = (enum ms_imdn_status)i;
		rd->has_status = true;
		return 0;
	}
	return -EBADMSG;
}

/* Inside <status>, or with `outer` inside the notification, whose only child is <status>. */
static int read_status(struct reading *rd, bool outer)
{
	struct ms_span name;
	int err;

	while ((err = next_child(rd, &name)) > 0) {
		if (name.p && outer)
			err = ms_span_is(name, "status") ? read_status(rd, false) : -EBADMSG;
		else
			err = name.p ? take_status(rd, name) : 0;
		if (err == 0 && !(name.p && outer))
			err = skip_element(rd);
		if (err < 0)
			break;
	}
	return err;
}

static int read_notification(struct reading *rd, struct ms_span name)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(kinds); i++) {
		if (!ms_span_is(name, kinds[i].element))
			continue;
		if (rd->has_status)
			return -EBADMSG;
		rd->n->kind = (enum ms_imdn_kind)i;
		return read_status(rd, true);
	}
	return -EBADMSG;
}

static int read_child(struct reading *rd, struct ms_span name)
{
	struct ms_imdn *n = rd->n;

	if (ms_span_is(name, "message-id"))
		return read_text(rd, n->message_id, sizeof(n->message_id));
	if (ms_span_is(name, "datetime"))
		return read_text(rd, n->date_time, sizeof(n->date_time));
	if (ms_span_is(name, "recipient-uri"))
		return read_text(rd, n->recipient_uri, sizeof(n->recipient_uri));
	if (ms_span_is(name, "original-recipient-uri"))
		return read_text(rd, n->original_recipient_uri, sizeof(n->original_recipient_uri));
	if (ms_span_is(name, "subject"))
		return read_text(rd, n->subject, sizeof(n->subject));
	return read_notification(rd, name);
}

static int read_children(struct reading *rd)
{
	struct ms_span name;
	int err;

	while ((err = next_child(rd, &name)) > 0) {
		err = name.p ? read_child(rd, name) : skip_element(rd);
		if (err < 0)
			break;
	}
	return err;
}

int ms_imdn_read(struct ms_span xml, struct ms_imdn *ret_n, struct ms_fault *f)
{
	struct ms_imdn n = { .message_id = "" };
	struct reading rd = { .n = &n };
	struct ms_xml_token t;
	int err = ms_xml_open(&rd.x, xml);

	if (err == 0)
		err = read_root(&rd);
	if (err == 0)
		err = read_children(&rd);
	if (err == 0 && (ms_xml_next(&rd.x, &t) < 0 || t.kind != MS_XML_END))
		err = -EBADMSG;
	if (err == 0 && (n.message_id[0] == '\0' || n.date_time[0] == '\0' || !rd.has_status))
		err = -EBADMSG;
	if (err < 0)
		return ms_fault_set(f, err, 0, err == -EMSGSIZE ? "imdn_too_long" : "imdn_xml",
				    rd.x.rest.p ? (size_t)(rd.x.rest.p - xml.p) : 0);
	*ret_n = n;
	return 0;
}

static void put_element(struct ms_buf *b, const char *name, const char *text)
{
	struct ms_span s = ms_span_str(text);

	if (s.len == 0)
		return;
	if (!ms_mime_is_utf8(s) || ms_mime_has_control(s))
		ms_buf_fail(b, -EINVAL);
	ms_buf_printf(b, "<%s>", name);
	ms_xml_put_escaped(b, s);
	ms_buf_printf(b, "</%s>\r\n", name);
}

void ms_imdn_write(struct ms_buf *b, const struct ms_imdn *n)
{
	if (!goes_together(n->kind, n->status) || n->message_id[0] == '\0' ||
	    n->date_time[0] == '\0') {
		ms_buf_fail(b, -EINVAL);
		return;
	}
	ms_buf_put_str(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<imdn xmlns=\"" NS_IMDN
			  "\">\r\n");
	put_element(b, "message-id", n->message_id);
	put_element(b, "datetime", n->date_time);
	put_element(b, "recipient-uri", n->recipient_uri);
	put_element(b, "original-recipient-uri", n->original_recipient_uri);
	put_element(b, "subject", n->subject);
	ms_buf_printf(b, "<%s><status><%s/></status></%s>\r\n</imdn>\r\n", kinds[n->kind].element,
		      statuses[n->status], kinds[n->kind].element);
}
