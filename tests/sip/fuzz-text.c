/* SPDX-License-Identifier: Apache-2.0 */
/* Header text: whatever parses lies inside the input, and what it is made of parses again. */
#include <stdlib.h>

#include "sip/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct ms_span part, struct ms_span whole)
{
	if (part.len > 0 && (part.p < whole.p || part.p + part.len > whole.p + whole.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span text = ms_span_of(data, size), v;
	struct ms_sip_address a;
	struct ms_sip_uri u;
	struct ms_sip_warning w;

	if (ms_sip_address_parse(text, &a) == 0) {
		inside(a.display, text);
		inside(a.uri, text);
		inside(a.params, text);
		if (ms_sip_param(a.params, "tag", &v))
			inside(v, text);
		if (ms_sip_uri_parse(a.uri, &u) == 0 && !ms_sip_uri_same(a.uri, a.uri))
			abort();
	}
	if (ms_sip_uri_parse(text, &u) == 0) {
		inside(u.user, text);
		inside(u.host, text);
		inside(u.params, text);
		inside(u.headers, text);
		if (u.host.len == 0)
			abort();
	}
	if (ms_sip_warning_parse(text, &w) == 0) {
		inside(w.agent, text);
		inside(w.text, text);
		if (w.code > 999)
			abort();
	}
	return 0;
}
