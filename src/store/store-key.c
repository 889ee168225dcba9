/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed keys: pre-shared keys of users and ticket protection keys; and revoked tickets. */
#include <errno.h>

#include "store/store-priv.h"

static bool good_id(struct ms_span id)
{
	return id.len > 0 && id.len <= MS_STORE_NAME_MAX;
}

static int seal(struct ms_store *s, const struct ms_store_row *row, struct ms_span secret,
		uint8_t out[MS_STORE_SEALED_MAX], size_t *ret_len)
{
	if (!good_id(row->id) || secret.len == 0 || secret.len > MS_SECRET_MAX)
		return ms_store_fail(s, -EINVAL, "%s: a key has 1 to %d octets and its id 1 to %d",
				     s->path, MS_SECRET_MAX, MS_STORE_NAME_MAX);
	return ms_store_seal(&s->master, row, secret, out, ret_len);
}

int ms_store_key_add(struct ms_store *s, const struct ms_store_key *k)
{
	const struct ms_store_row row = { "key",        k->id,      k->user,
					  (int)k->kind, k->created, k->expires };
	uint8_t sealed[MS_STORE_SEALED_MAX];
	size_t len;
	int err = seal(s, &row, k->secret, sealed, &len);

	if (err)
		return err;
	return ms_store_run(s, NULL, "INSERT INTO key VALUES (?, ?, ?, ?, ?, ?)", "btiiib", k->id,
			    k->user, (int64_t)k->kind, k->created, k->expires,
			    ms_span_of(sealed, len));
}

int ms_store_key_remove(struct ms_store *s, struct ms_span id)
{
	return ms_store_change(s, "DELETE FROM key WHERE id=?", "b", id);
}

int ms_store_tpk_add(struct ms_store *s, const struct ms_store_tpk *k)
{
	/* Retirement comes later, so only the start is bound to the secret. */
	const struct ms_store_row row = { .table = "tpk", .id = k->id, .from = k->starts };
	uint8_t sealed[MS_STORE_SEALED_MAX];
	size_t len;
	int err = seal(s, &row, k->secret, sealed, &len);

	if (err)
		return err;
	return ms_store_run(s, NULL, "INSERT INTO tpk VALUES (?, ?, ?, ?, ?)", "biiib", k->id,
			    k->starts, k->retires, k->expires, ms_span_of(sealed, len));
}

int ms_store_tpk_retire(struct ms_store *s, struct ms_span id, ms_usec retires, ms_usec expires)
{
	return ms_store_change(s, "UPDATE tpk SET retires=?, expires=? WHERE id=?", "iib", retires,
			       expires, id);
}

int ms_store_tpk_remove(struct ms_store *s, struct ms_span id)
{
	return ms_store_change(s, "DELETE FROM tpk WHERE id=?", "b", id);
}

int ms_store_ticket_revoke(struct ms_store *s, const struct ms_store_revoked *r)
{
	if (!good_id(r->ticket))
		return ms_store_fail(s, -EINVAL, "%s: a ticket's identifier has 1 to %d octets",
				     s->path, MS_STORE_NAME_MAX);
	return ms_store_run(s, NULL, "INSERT INTO revoked VALUES (?, ?)", "bi", r->ticket,
			    r->until);
}

int ms_store_ticket_purge(struct ms_store *s, ms_usec now)
{
	return ms_store_run(s, NULL, "DELETE FROM revoked WHERE until < ?", "i", now);
}
