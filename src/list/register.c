/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Third-party registration: the core tells an application server by a REGISTER of its own that a user
 * has registered (TS 24.229 clauses 5.4.1.7 and 5.7.1.1). To names the user; an Expires of 0 says that
 * he is gone. It carries nothing else we need, and we bind nothing.
 */
#include "list/lists.h"
#include "list/post.h"

static bool is_gone(const struct ms_sip_packet *m)
{
	uint64_t expires;

	return ms_span_u64(ms_sip_packet_get(m, "Expires"), UINT32_MAX, &expires) == 0 &&
	       expires == 0;
}

/* The answer repeats the time: that is how long the core need not tell again (RFC 3261 section 10.3). */
static void confirm(struct ms_sip_exchange *x, const struct ms_sip_packet *m)
{
	const struct ms_sip_edit edit = { .name = "Expires",
					  .value = ms_sip_packet_get(m, "Expires") };
	const struct ms_sip_change change = { .edits = &edit, .n_edits = 1 };

	ms_sip_exchange_reject(x, 200, NULL, edit.value.len > 0 ? &change : NULL);
}

void ms_lists_register(struct ms_sip_exchange *x)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);
	struct ms_keys_identity user;
	struct ms_sip_address to;

	if (!ms_sip_packet_address(m, "To", 0, &to) || ms_keys_identity_parse(to.uri, &user) < 0) {
		ms_lists_refuse(x, 400, "no_sender", "To is no identity");
		return;
	}
	ms_lists_count(MS_LISTS_C_REGISTRATIONS);
	confirm(x, m);
	if (!is_gone(m))
		ms_lists_post_registered(ms_lists.post, ms_keys_identity_span(&user));
}
