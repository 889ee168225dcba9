/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes as a protected message, taken the whole way: CMS, the TRANSFER_INIT in it, a key management
 * server that resolves its ticket, the content, the MIME entity. The seed is a message that is good.
 */
#include <errno.h>
#include <stdlib.h>

#include "mime/entity.h"
#include "small-kms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* Only who holds a ticket can have sent it; so it is Alice's, or refused. */
static void open_object(struct ms_keys_smime_in *in)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	struct ms_keys_identity sender = { "" };
	struct ms_mime_entity entity;
	struct ms_fault f = { 0 };

	ms_buf_init(&text, 1 << 18);
	if (small_resolve(ms_keys_smime_incoming(in), &f))
		return;
	if (ms_keys_smime_open(in, SMALL_NOW, &text, &sender, &f)) {
		check(text.len == 0 && !sender.uri[0]);
		return;
	}
	check(ms_span_is(ms_keys_identity_span(&sender), small_uri(ALICE)));
	(void)!ms_mime_read(ms_buf_span(&text), &ms_mime_limits_default, &entity, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_keys_replay *replay = NULL;
	struct ms_keys_smime_in *in = NULL;
	struct ms_fault f = { 0 };
	struct ms_keys_smime smime = { .profile = &ms_profile_default, .random = &small_random };
	int err;

	small_kms_reset();
	if (ms_keys_replay_new(16, &small_random, &replay))
		return 0;
	smime.party = small_party(BOB, true);
	smime.replay = replay;
	err = ms_keys_smime_read(&smime, ms_span_of(data, size), SMALL_NOW, &f, &in);
	check(!err || err == -ENOMEM || f.reason);
	if (!err)
		open_object(in);
	ms_keys_smime_in_free(in);
	ms_keys_replay_free(replay);
	return 0;
}
