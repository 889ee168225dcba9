/* SPDX-License-Identifier: Apache-2.0 */
/* Proof of origin: what it proves, and what a reader of the message who lies can and cannot do. */
#include "ms-test.h"

#include <errno.h>

#include "mikey/incoming.h"
#include "small-kms.h"

#define TEXT "Content-Type: text/plain\r\n\r\n"
#define ENTITY MS_SPAN_LIT(TEXT "I owe you nothing")
#define BLOCK 16
#define TAG_BITS 128

static struct ms_mikey_ticket_held *held;
static struct ms_profile profile;
static struct ms_buf object;

static struct ms_keys_smime smime_of(enum small_user who, bool prove)
{
	return (struct ms_keys_smime){ .party = small_party(who, true),
				       .profile = &profile,
				       .random = &small_random,
				       .cms = { .alg = MS_AEAD_AES_256_GCM },
				       .prove = prove };
}

static int seal(bool prove)
{
	struct ms_keys_smime alice = smime_of(ALICE, prove);

	ms_buf_reset(&object);
	return ms_keys_smime_seal(&alice, held, ms_span_str(small_uri(BOB)), ENTITY, SMALL_NOW,
				  &object);
}

static int set_up(void **state)
{
	(void)state;
	small_kms_reset();
	profile = ms_profile_default;
	ms_buf_init(&object, 65536);
	assert_int_equal(small_ticket(ALICE, true, small_uri(BOB), &held), 0);
	assert_int_equal(seal(true), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	held = ms_mikey_ticket_held_free(held);
	ms_buf_done(&object);
	return 0;
}

/* What the KMS resolved for Bob before, or NULL: it is asked. */
static int receive(const struct ms_mikey_resolved *known, struct ms_span der, struct ms_buf *out,
		   enum ms_keys_proof *ret_proof, struct ms_fault *f)
{
	struct ms_keys_smime bob = smime_of(BOB, false);
	struct ms_keys_identity sender;
	struct ms_keys_smime_in *in = NULL;
	int err = ms_keys_smime_read(&bob, der, SMALL_NOW, f, &in);

	if (!err && known)
		err = ms_mikey_incoming_use(ms_keys_smime_incoming(in), known, SMALL_NOW, f);
	else if (!err)
		err = small_resolve(ms_keys_smime_incoming(in), f);
	if (!err)
		err = ms_keys_smime_open(in, SMALL_NOW, out, &sender, f);
	if (!err)
		*ret_proof = ms_keys_smime_proof(in);
	ms_keys_smime_in_free(in);
	return err;
}

static void expect(enum ms_keys_proof expected)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	enum ms_keys_proof proof;
	struct ms_fault f = { 0 };

	ms_buf_init(&out, 65536);
	assert_int_equal(receive(NULL, ms_buf_span(&object), &out, &proof, &f), 0);
	assert_span_equal(ms_buf_span(&out), ENTITY);
	assert_string_equal(ms_keys_proof_name(proof), ms_keys_proof_name(expected));
}

static void the_kms_vouches(void **state)
{
	(void)state;
	expect(MS_KEYS_PROOF_PROVED);
	assert_int_equal(seal(false), 0);
	expect(MS_KEYS_PROOF_NONE);
}

static void every_layout(void **state)
{
	(void)state;
	(void)snprintf(profile.proof_layout, sizeof(profile.proof_layout), "mac");
	assert_int_equal(seal(true), 0);
	expect(MS_KEYS_PROOF_PROVED);
	(void)snprintf(profile.proof_layout, sizeof(profile.proof_layout), "something");
	assert_int_equal(seal(true), -EINVAL);
}

/* Both ends have to agree: another layout is another proof. */
static void another_layout(void **state)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	enum ms_keys_proof proof;
	struct ms_fault f = { 0 };

	(void)state;
	ms_buf_init(&out, 65536);
	(void)snprintf(profile.proof_layout, sizeof(profile.proof_layout), "mac");
	assert_int_equal(receive(NULL, ms_buf_span(&object), &out, &proof, &f), -EPERM);
	assert_string_equal(f.reason, "proof_mismatch");
	assert_int_equal(out.len, 0);
}

/* ---- Bob, who can read the message, and lies ---- */

/* Alice's TRANSFER_INIT and its traffic key, as Bob has them. */
struct loot {
	struct ms_buf init, tek, mac;
	struct ms_keys_smime_in *in; /* owned */
	const struct ms_mikey_resolved *resolved;
};

static void loot_take(struct loot *l)
{
	struct ms_keys_smime bob = smime_of(BOB, false);
	const struct ms_cms_locator *at = ms_cms_locator(ms_span_str(profile.transfer_locator));
	struct ms_keys_smime_in *in = NULL;
	struct ms_mikey_csb *csb = NULL;
	struct ms_cms_message *cms = NULL;
	struct ms_fault f = { 0 };
	struct ms_span init;

	ms_buf_init(&l->init, 65536);
	ms_buf_init(&l->tek, 64);
	ms_buf_init(&l->mac, 64);
	assert_int_equal(ms_keys_smime_read(&bob, ms_buf_span(&object), SMALL_NOW, &f, &in), 0);
	assert_true(ms_keys_smime_claims_proof(in));
	assert_int_equal(small_resolve(ms_keys_smime_incoming(in), &f), 0);
	assert_int_equal(
		ms_mikey_incoming_answer(ms_keys_smime_incoming(in), NULL, SMALL_NOW, NULL, &csb),
		0);
	l->in = in;
	l->resolved = ms_mikey_incoming_outcome(ms_keys_smime_incoming(in));
	ms_buf_put_span(&l->tek, ms_secret_span(&ms_mikey_csb_at(csb, 0)->tek));
	assert_int_equal(ms_cms_read(ms_buf_span(&object), &ms_cms_limits_default, &cms, &f), 0);
	assert_int_equal(ms_cms_transfer(cms, at, &init), 0);
	ms_buf_put_span(&l->init, init);
	ms_buf_put_span(&l->mac, ms_cms_mac(cms));
	ms_cms_free(cms);
	ms_mikey_csb_freep(&csb);
}

static void loot_done(struct loot *l)
{
	ms_buf_done(&l->init);
	ms_buf_done(&l->tek);
	ms_buf_done(&l->mac);
	ms_keys_smime_in_free(l->in);
}

static int same_octets(void *arg, void *p, size_t n)
{
	(void)arg;
	memset(p, 0x5a, n);
	return 0;
}

/* An object of Bob's: always the same content key and nonce, Alice's TRANSFER_INIT. */
static void forge(const struct loot *l, struct ms_span entity, struct ms_buf *der,
		  uint8_t mac[BLOCK])
{
	static const struct ms_random fixed = { same_octets, NULL };
	const struct ms_cms_locator *at = ms_cms_locator(ms_span_str(profile.transfer_locator));
	const struct ms_cms_params params = { .alg = MS_AEAD_AES_256_GCM };
	struct ms_cms_message *m = NULL;

	assert_int_equal(ms_cms_seal(&params, ms_buf_span(&l->tek), entity, &fixed, &m), 0);
	assert_int_equal(ms_cms_mac(m).len, BLOCK);
	memcpy(mac, ms_cms_mac(m).p, BLOCK);
	assert_int_equal(ms_cms_put_transfer(m, at, ms_buf_span(&l->init)), 0);
	ms_buf_reset(der);
	assert_int_equal(ms_cms_write(m, der), 0);
	ms_cms_free(m);
}

/* The same octets under the same key with another content, which one that was exchanged is. */
static void an_exchanged_content(void **state)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf der, out;
	enum ms_keys_proof proof;
	struct ms_fault f = { 0 };
	struct loot l;
	uint8_t mac[BLOCK];

	(void)state;
	ms_buf_init(&der, 65536);
	ms_buf_init(&out, 65536);
	loot_take(&l);
	forge(&l, MS_SPAN_LIT(TEXT "I owe you a million"), &der, mac);
	assert_int_equal(receive(NULL, ms_buf_span(&der), &out, &proof, &f), -EPERM);
	assert_string_equal(f.reason, "proof_mismatch");
	/* also where the KMS is not asked: it is a forgery all the same */
	assert_int_equal(receive(l.resolved, ms_buf_span(&der), &out, &proof, &f), -EPERM);
	assert_string_equal(f.reason, "proof_mismatch");
	assert_int_equal(out.len, 0);
	loot_done(&l);
}

static void from_the_cache_nothing_is_proved(void **state)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	enum ms_keys_proof proof;
	struct ms_fault f = { 0 };
	struct loot l;

	(void)state;
	ms_buf_init(&out, 65536);
	loot_take(&l);
	assert_int_equal(seal(true), 0); /* another message with the same ticket */
	assert_int_equal(receive(l.resolved, ms_buf_span(&object), &out, &proof, &f), 0);
	assert_int_equal(proof, MS_KEYS_PROOF_UNCHECKED);
	loot_done(&l);
}

static bool bit(const uint8_t *p, size_t i)
{
	return p[i / 8] >> (i % 8) & 1;
}

static void flip(uint8_t *p, size_t i)
{
	p[i / 8] ^= (uint8_t)(1u << (i % 8));
}

static void xor_block(uint8_t *a, const uint8_t *b)
{
	for (size_t i = 0; i < BLOCK; i++)
		a[i] ^= b[i];
}

/*
 * The tag of GCM is an affine function of each block of the plaintext. Column i of its matrix is how
 * the tag changes when bit i of the last block does; Gauss gives the block that makes any tag.
 */
static bool solve(uint8_t column[TAG_BITS][BLOCK], uint8_t wanted[BLOCK], uint8_t ret_x[BLOCK])
{
	uint8_t from[TAG_BITS][BLOCK] = { { 0 } }; /* which bits of the block a column stands for */
	bool used[TAG_BITS] = { false };

	memset(ret_x, 0, BLOCK);
	for (size_t i = 0; i < TAG_BITS; i++)
		flip(from[i], i);
	for (size_t row = 0; row < TAG_BITS; row++) {
		size_t pivot = 0;

		while (pivot < TAG_BITS && (used[pivot] || !bit(column[pivot], row)))
			pivot++;
		if (pivot == TAG_BITS)
			return false;
		used[pivot] = true;
		for (size_t i = 0; i < TAG_BITS; i++) {
			if (i != pivot && bit(column[i], row)) {
				xor_block(column[i], column[pivot]);
				xor_block(from[i], from[pivot]);
			}
		}
		if (bit(wanted, row)) {
			xor_block(wanted, column[pivot]);
			xor_block(ret_x, from[pivot]);
		}
	}
	return true;
}

/* Bob's text, whose last block makes Alice's MAC. */
static void forge_with_mac(const struct loot *l, struct ms_buf *der)
{
	static const char lie[] = TEXT "I owe you a million. " /* a multiple of 16 octets */
				       "Ref: 0123456789";
	const size_t at = sizeof(lie) - 1;
	uint8_t column[TAG_BITS][BLOCK], base[BLOCK], wanted[BLOCK], x[BLOCK], text[256];

	assert_true(at % BLOCK == 0 && at + BLOCK <= sizeof(text));
	memset(text, 0, sizeof(text));
	memcpy(text, lie, at);
	forge(l, ms_span_of(text, at + BLOCK), der, base);
	for (size_t i = 0; i < TAG_BITS; i++) {
		flip(text + at, i);
		forge(l, ms_span_of(text, at + BLOCK), der, column[i]);
		xor_block(column[i], base);
		flip(text + at, i);
	}
	memcpy(wanted, l->mac.p, BLOCK);
	xor_block(wanted, base);
	assert_true(solve(column, wanted, x));
	memcpy(text + at, x, BLOCK);
	forge(l, ms_span_of(text, at + BLOCK), der, base);
	assert_memory_equal(base, l->mac.p, BLOCK);
}

/* A copy of the MAC does not hold Bob, which is why the layout of the profile has more. */
static void the_mac_alone_binds_no_reader(void **state)
{
	static const char *const layouts[] = { "mac", "mac-hmac" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf der, out;
		enum ms_keys_proof proof = MS_KEYS_PROOF_NONE;
		struct ms_fault f = { 0 };
		struct loot l;
		int err;

		ms_buf_init(&der, 65536);
		ms_buf_init(&out, 65536);
		(void)snprintf(profile.proof_layout, sizeof(profile.proof_layout), "%s",
			       layouts[i]);
		assert_int_equal(seal(true), 0);
		loot_take(&l);
		forge_with_mac(&l, &der);
		err = receive(NULL, ms_buf_span(&der), &out, &proof, &f);
		if (i == 0) {
			assert_int_equal(err, 0);
			assert_int_equal(proof, MS_KEYS_PROOF_PROVED);
		} else {
			assert_int_equal(err, -EPERM);
			assert_string_equal(f.reason, "proof_mismatch");
		}
		loot_done(&l);
	}
}

static int torture_run(void *arg)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf out;
	enum ms_keys_proof proof = MS_KEYS_PROOF_NONE;
	struct ms_fault f = { 0 };
	int err = seal(true);

	(void)arg;
	ms_buf_init(&out, 65536);
	if (!err)
		err = receive(NULL, ms_buf_span(&object), &out, &proof, &f);
	assert_true(err || proof == MS_KEYS_PROOF_PROVED);
	return err;
}

static void without_memory(void **state)
{
	(void)state;
	ms_test_torture(torture_run, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_kms_vouches, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_layout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_layout, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_exchanged_content, set_up, tear_down),
		cmocka_unit_test_setup_teardown(from_the_cache_nothing_is_proved, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_mac_alone_binds_no_reader, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
