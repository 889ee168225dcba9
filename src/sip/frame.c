/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on a stream, as far as one has to know them before they are parsed. See frame-priv.h. */
#include "sip/frame-priv.h"

#include <errno.h>

#include "sip/stack.h"

#define BODY_MAX (16u << 20) /* more than this is not waited for */

/* Octets up to and with the empty line; 0 if it is not here. As libre sees it: CR does not count. */
static size_t head_end(struct ms_span s)
{
	unsigned newlines = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\n')
			newlines++;
		else if (s.p[i] != '\r')
			newlines = 0;
		if (newlines == 2)
			return i + 1;
	}
	return 0;
}

/* A line with its continuations (section 7.3.1), without the last line break. */
static struct ms_span next_line(struct ms_span *rest)
{
	struct ms_span line;
	size_t end = 0;

	do {
		end += ms_span_find(ms_span_from(*rest, end), '\n') + 1;
	} while (end < rest->len && (rest->p[end] == ' ' || rest->p[end] == '\t'));
	line = ms_span_sub(*rest, 0, end);
	*rest = ms_span_from(*rest, end);
	while (line.len > 0 && (line.p[line.len - 1] == '\n' || line.p[line.len - 1] == '\r'))
		line.len--;
	return line;
}

/* Is the line this header? Then its value. */
static bool is_header(struct ms_span line, const char *name, const char *compact,
		      struct ms_span *ret_value)
{
	size_t colon = ms_span_find(line, ':');
	struct ms_span key = ms_span_trim(ms_span_sub(line, 0, colon));

	if (colon == line.len ||
	    (!ms_span_is_nocase(key, name) && !(compact && ms_span_is_nocase(key, compact))))
		return false;
	*ret_value = ms_span_trim(ms_span_from(line, colon + 1));
	return true;
}

int ms_sip_frame_read(struct ms_span octets, struct ms_sip_frame *ret_frame)
{
	struct ms_sip_frame f = { .head = head_end(octets) };
	struct ms_span rest = ms_span_sub(octets, 0, f.head), value;
	bool found = false;

	if (f.head == 0)
		return -EAGAIN;
	(void)next_line(&rest);
	while (rest.len > 0) {
		uint64_t n;

		if (!is_header(next_line(&rest), "Content-Length", "l", &value))
			continue;
		if (ms_span_u64(value, BODY_MAX, &n) || (found && n != f.body))
			return -EBADMSG;
		f.body = (size_t)n;
		found = true;
	}
	if (!found)
		return -EBADMSG;
	*ret_frame = f;
	return 0;
}

bool ms_sip_frame_begins(struct ms_span octets)
{
	size_t end = ms_span_find(octets, '\n');
	struct ms_span line = ms_span_sub(octets, 0, end), version = MS_SPAN_LIT("SIP/2.0");

	if (end == octets.len)
		return false;
	line = ms_span_trim(line);
	return line.len == 0 || ms_span_starts(line, version) ||
	       (line.len > version.len &&
		ms_span_eq(ms_span_from(line, line.len - version.len), version));
}

/* ---- the answer ---- */

static bool is_answerable(struct ms_span start)
{
	struct ms_span rest = start, method = ms_span_cut(&rest, ' ');

	return rest.p && !ms_span_is(method, "SIP/2.0") && !ms_span_is(method, "ACK");
}

/* Does the address end in parameters with a tag? */
static bool has_tag(struct ms_span to)
{
	struct ms_span rest = ms_span_trim(to), part;

	(void)ms_span_cut(&rest, '>');
	if (!rest.p)
		rest = to;
	(void)ms_span_cut(&rest, ';');
	while (rest.p) {
		part = ms_span_trim(ms_span_cut(&rest, ';'));
		if (ms_span_starts_nocase(part, MS_SPAN_LIT("tag")))
			return true;
	}
	return false;
}

int ms_sip_frame_answer(struct ms_span head, unsigned status, const char *tag, struct ms_buf *b)
{
	static const struct {
		const char *name, *compact;
	} wanted[] = {
		{ "Via", "v" }, { "From", "f" }, { "To", "t" }, { "Call-ID", "i" }, { "CSeq", NULL }
	};
	unsigned seen[MS_ARRAY_SIZE(wanted)] = { 0 };
	struct ms_span value;

	if (!is_answerable(next_line(&head)))
		return -ENOENT;
	ms_buf_printf(b, "SIP/2.0 %u %s\r\n", status, ms_sip_reason_of(status));
	while (head.len > 0) {
		struct ms_span line = next_line(&head);

		for (size_t i = 0; i < MS_ARRAY_SIZE(wanted); i++) {
			if (!is_header(line, wanted[i].name, wanted[i].compact, &value) ||
			    (i > 0 && seen[i] > 0))
				continue;
			seen[i]++;
			ms_buf_put_span(b, line);
			if (i == 2 && !has_tag(value))
				ms_buf_printf(b, ";tag=%s", tag);
			ms_buf_put_str(b, "\r\n");
		}
	}
	for (size_t i = 0; i < MS_ARRAY_SIZE(wanted); i++)
		if (seen[i] == 0)
			return -ENOENT;
	ms_buf_put_str(b, "Content-Length: 0\r\n\r\n");
	return ms_buf_status(b);
}
