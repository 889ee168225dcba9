/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole message as it comes from the wire: libre's parser in front as in life, then everything our
 * side reads of it: checks, headers, addresses, body, challenges, and the dialog made of it.
 */
#include <stdlib.h>

#include "sip/sip-priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void read_headers(const struct ms_sip_message *m)
{
	static const char *const names[] = { "From",
					     "To",
					     "Contact",
					     "Record-Route",
					     "Route",
					     "Via",
					     "P-Asserted-Identity",
					     "Content-Type",
					     "Warning" };
	struct ms_sip_address a;
	struct ms_sip_uri u;
	struct ms_span v;

	for (size_t i = 0; i < MS_ARRAY_SIZE(names); i++) {
		for (size_t n = 0; n < 8 && ms_sip_header_at(m, names[i], n, &v); n++)
			check(v.len <= UINT16_MAX);
		for (size_t n = 0; n < 8 && ms_sip_address_at(m, names[i], n, &a); n++)
			if (ms_sip_uri_parse(a.uri, &u) == 0)
				check(u.host.len > 0);
	}
}

static void read_challenge(struct ms_sip_account *a, const struct sip_msg *m)
{
	struct ms_list *link, *next;
	struct ms_buf b;

	if (ms_sip_digest_take(a, m, m) == 0) {
		ms_buf_init(&b, 262144);
		ms_sip_put_digest(&b, a, "REGISTER", "sip:x");
		ms_sip_put_digest(&b, a, "INVITE", "sip:x");
		ms_buf_done(&b);
	}
	ms_list_foreach_safe (link, next, &a->realms)
		ms_sip_realm_free(MS_CONTAINER_OF(link, struct ms_sip_realm, link));
}

static void make_dialog(struct ms_sip *sip, const struct sip_msg *m)
{
	struct ms_sip_dialog *d;

	(void)ms_sip_dialog_find(sip, m);
	if (!m->req || ms_sip_dialog_from_request(sip, MS_SIP_USAGE_SESSION, NULL, m, &d) < 0)
		return;
	(void)ms_sip_dialog_in_order(d, m);
	ms_sip_dialog_retarget(d, m);
	if (ms_sip_dialog_confirm(d, m) == 0)
		check(d->remote_tag != NULL);
	ms_sip_dialog_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[16];
	struct ms_sip sip = { .limits.body = MS_SIP_BODY_MAX };
	struct ms_sip_account account = { .sip = &sip,
					  .auth_user = (char *)(uintptr_t) "u",
					  .has_password = true };
	struct mbuf *mb = mbuf_alloc(size + 1);
	struct sip_msg *m = NULL;
	char source[64];

	check(mb && ms_hash_new(4, key, &sip.dialogs) == 0);
	ms_list_init(&account.realms);
	check(mbuf_write_mem(mb, data, size) == 0);
	mb->pos = 0;
	if (size > 0 && sip_msg_decode(&m, mb) == 0) {
		if (!ms_sip_message_fault(m, MS_SIP_BODY_MAX))
			make_dialog(&sip, m);
		check(ms_sip_body(ms_sip_cooked(m)).len <= size);
		(void)ms_sip_source(ms_sip_cooked(m), source);
		read_headers(ms_sip_cooked(m));
		read_challenge(&account, m);
	}
	mem_deref(m);
	mem_deref(mb);
	ms_hash_free(sip.dialogs);
	return 0;
}
