/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a document: RFC 4825 section 6.3, as much of it as one entry needs. Pure. */
#include <errno.h>

#include "list/http-priv.h"

static bool skip(struct ms_span *s, const char *word)
{
	struct ms_span prefix = ms_span_str(word);

	if (!ms_span_starts(*s, prefix))
		return false;
	*s = ms_span_from(*s, prefix.len);
	return true;
}

int ms_lists_selector_read(struct ms_span s, struct ms_span *ret_uri)
{
	struct ms_span uri;

	if (!skip(&s, "resource-lists/list"))
		return -ENOENT;
	(void)skip(&s, "[1]"); /* there is one */
	if (!skip(&s, "/entry[@uri=") || s.len < 4 || (s.p[0] != '"' && s.p[0] != '\'') ||
	    s.p[s.len - 2] != s.p[0] || s.p[s.len - 1] != ']')
		return -ENOENT;
	uri = ms_span_sub(s, 1, s.len - 3);
	if (ms_span_find(uri, s.p[0]) < uri.len)
		return -ENOENT;
	*ret_uri = uri;
	return 0;
}
