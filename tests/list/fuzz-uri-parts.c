/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a URI-list message: parts lie inside of what came, and pass on whole. */
#include <stdlib.h>

#include "list/uri-priv.h"

/* The part of the program this parser never reaches. */
struct ms_lists ms_lists;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const struct ms_sip_packet *m, struct ms_span s)
{
	if (s.p < m->body.p || s.p + s.len > m->body.p + m->body.len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_lists_uri_parts parts;
	struct ms_sip_packet *m;
	struct ms_fault f;

	if (ms_sip_packet_read(ms_span_of(data, size), &m, &f) < 0)
		return 0;
	if (ms_lists_uri_parts(m, &parts) == 0) {
		if (parts.n == 0 || parts.n > MS_LISTS_URI_PARTS_MAX)
			abort();
		check_inside(m, ms_lists_uri_raw(&parts.list));
		for (size_t i = 0; i < parts.n; i++) {
			struct ms_span raw = ms_lists_uri_raw(&parts.payload[i]);

			check_inside(m, raw);
			check_inside(m, parts.payload[i].body);
			(void)ms_lists_uri_is_protected(&parts.payload[i]);
		}
	}
	ms_sip_packet_unref(m);
	return 0;
}
