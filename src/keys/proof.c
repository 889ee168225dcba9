/* SPDX-License-Identifier: Apache-2.0 */
/* Proof of origin. See proof.h. */
#include "keys/proof.h"

#include <errno.h>
#include <string.h>

#include "core/secret.h"
#include "crypto/hmac.h"

#define HMAC_LEN 32
#define MAC_MAX (MS_KEYS_PROOF_MAX - HMAC_LEN)

/* Keeps the two uses of the TEK, wrapping keys and this one, apart. */
#define KEY_LABEL "mediasec proof of origin"

const char *ms_keys_proof_name(enum ms_keys_proof proof)
{
	static const char *const names[] = {
		[MS_KEYS_PROOF_NONE] = "none",
		[MS_KEYS_PROOF_UNCHECKED] = "unchecked",
		[MS_KEYS_PROOF_PROVED] = "proved",
	};

	return names[proof];
}

static bool layout_is(const struct ms_profile *p, const char *name)
{
	return strcmp(p->proof_layout, name) == 0;
}

size_t ms_keys_proof_len(const struct ms_profile *p, size_t mac)
{
	if (mac == 0 || mac > MAC_MAX)
		return 0;
	if (layout_is(p, "mac"))
		return mac;
	return layout_is(p, "mac-hmac") ? mac + HMAC_LEN : 0;
}

static void content_mac(const struct ms_keys_proof_of *o, uint8_t *mac)
{
	const struct ms_span label = MS_SPAN_LIT(KEY_LABEL);
	struct ms_hmac_key k;
	uint8_t key[MS_HASH_MAX];

	ms_hmac_key_set(&k, MS_HASH_SHA256, o->tek);
	ms_hmac(&k, &label, 1, key);
	ms_hmac_key_set(&k, MS_HASH_SHA256, ms_span_of(key, sizeof(key)));
	ms_hmac(&k, &o->entity, 1, mac);
	ms_hmac_key_wipe(&k);
	ms_wipe(key, sizeof(key));
}

int ms_keys_proof_make(const struct ms_keys_proof_of *o, uint8_t ret_data[MS_KEYS_PROOF_MAX])
{
	size_t len = ms_keys_proof_len(o->profile, o->mac.len);

	if (len == 0)
		return o->mac.len > MAC_MAX ? -EMSGSIZE : -EINVAL;
	memcpy(ret_data, o->mac.p, o->mac.len);
	if (len > o->mac.len)
		content_mac(o, ret_data + o->mac.len);
	return 0;
}

bool ms_keys_proof_find(const struct ms_profile *p, const struct ms_mikey_message *m,
			struct ms_span *ret_data)
{
	return ms_mikey_find_ext(m, p->proof_ext_type, ret_data);
}

bool ms_keys_proof_fits(const struct ms_keys_proof_of *o, struct ms_span data)
{
	uint8_t own[MS_KEYS_PROOF_MAX];

	return !ms_keys_proof_make(o, own) &&
	       ms_secret_equal(ms_span_of(own, ms_keys_proof_len(o->profile, o->mac.len)), data);
}
