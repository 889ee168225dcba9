/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URIs, paths, hosts, media types and other short values: what parses equals itself, equality does
 * not depend on the order, and what is written reads as the same.
 */
#include <stdlib.h>

#include "msrp/head.h"
#include "msrp/types.h"
#include "msrp/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const struct ms_msrp_uri *a, const struct ms_msrp_uri *b)
{
	if (ms_msrp_uri_equal(a, b, MS_MSRP_MATCH_URI) !=
	    ms_msrp_uri_equal(b, a, MS_MSRP_MATCH_URI))
		abort();
	if (!ms_msrp_uri_equal(a, a, MS_MSRP_MATCH_URI))
		abort();
}

/* Built again from its parts it is an equal URI, if it has no userinfo and the transport is tcp. */
static void rebuild(const struct ms_msrp_uri *u)
{
	struct ms_msrp_uri again;
	struct ms_buf b;

	ms_buf_init(&b, 2 * MS_MSRP_URI_MAX);
	ms_msrp_uri_put(&b, u->secure, u->host, u->port, u->session_id);
	if (ms_msrp_uri_parse(ms_buf_span(&b), &again) == 0 &&
	    ms_span_is_nocase(u->transport, "tcp") &&
	    !ms_msrp_uri_equal(u, &again, MS_MSRP_MATCH_URI))
		abort();
	ms_buf_done(&b);
}

static void try_range(struct ms_span text)
{
	struct ms_msrp_range r, again;
	struct ms_buf b;

	if (ms_msrp_range_parse(text, &r) < 0)
		return;
	ms_buf_init(&b, 100);
	ms_msrp_range_put(&b, &r);
	if (ms_msrp_range_parse(ms_buf_span(&b), &again) < 0 || r.first != again.first ||
	    r.last != again.last || r.total != again.total)
		abort();
	ms_buf_done(&b);
}

static void try_host(struct ms_span text)
{
	struct ms_msrp_host h;

	if (ms_msrp_host_parse(text, &h) != (h.len > 0) || !ms_msrp_host_equal(text, text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_span text = ms_span_of(data, size);
	struct ms_msrp_path path;
	struct ms_span list = text, type = ms_span_cut(&list, '\n');

	try_range(text);
	try_host(text);
	if (ms_msrp_path_parse(text, &path) == 0) {
		for (unsigned i = 0; i < path.n; i++) {
			compare(&path.uri[0], &path.uri[i]);
			rebuild(&path.uri[i]);
		}
	}
	if (ms_msrp_types_admit(list, type) && !ms_msrp_type_valid(type))
		abort();
	if (ms_msrp_types_valid(list) && ms_msrp_type_valid(type) &&
	    !ms_msrp_types_admit(MS_SPAN_LIT("*"), type))
		abort();
	return 0;
}
