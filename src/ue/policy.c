/* SPDX-License-Identifier: Apache-2.0 */
/* The user's policy and contacts. See policy.h. */
#include "ue/policy.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/buf.h"

void ms_ue_contacts_done(struct ms_ue_contacts *c)
{
	for (size_t i = 0; i < c->n; i++)
		ms_free(c->v[i].name);
	c->v = ms_free(c->v);
	c->n = 0;
}

const struct ms_ue_contact *ms_ue_contact_find(const struct ms_ue_contacts *c,
					       struct ms_span name_or_uri)
{
	for (size_t i = 0; i < c->n; i++) {
		if (ms_span_is_nocase(name_or_uri, c->v[i].name) ||
		    ms_keys_identity_same(name_or_uri, ms_keys_identity_span(&c->v[i].uri)))
			return &c->v[i];
	}
	return NULL;
}

static int resolve_at_home(struct ms_span user, const struct ms_keys_identity *home,
			   struct ms_keys_identity *ret_id)
{
	struct ms_span uri = ms_keys_identity_span(home);
	char text[MS_KEYS_IDENTITY_MAX];
	struct ms_buf b;

	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_buf_put_span(&b, user);
	ms_buf_put_span(&b, ms_span_from(uri, ms_span_find(uri, '@')));
	if (ms_buf_status(&b))
		return -EINVAL;
	return ms_keys_identity_parse(ms_buf_span(&b), ret_id);
}

int ms_ue_contact_resolve(const struct ms_ue_contacts *c, struct ms_span who,
			  const struct ms_keys_identity *home, struct ms_keys_identity *ret_id)
{
	const struct ms_ue_contact *known = ms_ue_contact_find(c, who);

	if (known) {
		*ret_id = known->uri;
		return 0;
	}
	if (who.len > 0 && ms_span_find(who, '@') == who.len && ms_span_find(who, ':') == who.len)
		return resolve_at_home(who, home, ret_id);
	return ms_keys_identity_parse(who, ret_id);
}

bool ms_ue_policy_peer(const struct ms_ue_policy *p, const struct ms_ue_contacts *c,
		       struct ms_span called, struct ms_span peer)
{
	bool known = ms_ue_contact_find(c, peer) != NULL;

	if (called.len > 0 && ms_keys_identity_same(called, peer))
		return true;
	switch (p->peer) {
	case MS_UE_PEER_ANY:
		return true;
	case MS_UE_PEER_CONTACTS:
		return known;
	case MS_UE_PEER_CALLED:
		return called.len == 0 && known;
	}
	return false;
}

const char *ms_ue_policy_plain_message(const struct ms_ue_policy *p, bool asserted)
{
	if (!p->plain_message)
		return "plain_policy";
	if (!asserted && !p->unverified_message)
		return "unverified_policy";
	return NULL;
}
