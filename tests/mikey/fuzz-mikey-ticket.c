/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TICKET payload opened by the party that holds its key: the MAC is put right first, so that what
 * lies behind it (decryption, key data) is reached as by an issuer who went mad.
 */
#include "core/alloc.h"
#include "mikey/mac.h"
#include "mikey/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const uint8_t tpk_octets[16] = "ticket-prot-key";

static void put_mac_right(uint8_t *ticket, const struct ms_mikey_policy *policy,
			  const struct ms_mikey_ticket_data *d, const struct ms_prf_key *tpk)
{
	struct ms_mikey_cover cover = { .n = 1 };
	struct ms_mikey_label l;
	struct ms_secret key;
	size_t mac_at = (size_t)(d->v.mac.p - policy->raw.p);
	uint8_t mac[MS_HASH_MAX];

	ms_mikey_label_tpk(&l, MS_MIKEY_FOR_AUTH, d->rand);
	if (ms_mikey_derive(tpk, &l, d->v.mac.len, &key) < 0)
		__builtin_trap();
	cover.part[0] = ms_span_of(ticket + 1, mac_at - 1);
	ms_mikey_mac(d->v.mac_alg, ms_secret_span(&key), &cover, mac);
	memcpy(ticket + mac_at, mac, d->v.mac.len);
}

static void open_ticket(uint8_t *ticket, size_t n)
{
	static struct ms_mikey_opened o;
	struct ms_mikey_payload p;
	struct ms_mikey_policy policy;
	struct ms_mikey_ticket_data d;
	struct ms_prf_key tpk = { .n = 0 };
	struct ms_fault fault = { 0, NULL, 0 };
	int err;

	if (ms_mikey_payload_decode(MS_MIKEY_P_TICKET, ms_span_of(ticket, n), &p, NULL) < 0 ||
	    ms_mikey_policy_decode(&p, &policy, NULL) < 0 ||
	    ms_mikey_ticket_data_decode(policy.ticket_data, &d, NULL) < 0 ||
	    ms_mikey_inkey(&tpk, policy.prf, ms_span_of(tpk_octets, sizeof(tpk_octets))) < 0)
		return;
	put_mac_right(ticket, &policy, &d, &tpk);
	err = ms_mikey_ticket_open(&policy, &d, &tpk, &o, &fault);
	if (err < 0 && !fault.reason)
		__builtin_trap();
	if (err == 0 && (o.mpki.len != o.mpk.len || o.keys.n == 0))
		__builtin_trap();
	ms_mikey_opened_wipe(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t *copy = ms_zalloc(n);

	if (!copy)
		return 0;
	if (n > 0)
		memcpy(copy, p, n);
	open_ticket(copy, n);
	ms_free(copy);
	return 0;
}
