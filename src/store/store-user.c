/* SPDX-License-Identifier: Apache-2.0 */
/* Users, their public identities and certificates, and the PSIs they own. */
#include <errno.h>

#include "store/store-priv.h"

static bool good_name(struct ms_span name)
{
	return name.len > 0 && name.len <= MS_STORE_NAME_MAX && ms_span_find(name, 0) == name.len;
}

static int bad_name(struct ms_store *s)
{
	return ms_store_fail(s, -EINVAL, "%s: a name must have 1 to %d octets and no NUL", s->path,
			     MS_STORE_NAME_MAX);
}

int ms_store_user_add(struct ms_store *s, struct ms_span name, ms_usec now)
{
	if (!good_name(name))
		return bad_name(s);
	return ms_store_run(s, NULL, "INSERT INTO user (name, created) VALUES (?, ?)", "ti", name,
			    now);
}

/* Else they would be members again of a PSI of that name that somebody else gets. */
static int drop_orphans(struct ms_store *s)
{
	return ms_store_run(s, NULL,
			    "DELETE FROM psi_member WHERE psi NOT IN (SELECT uri FROM psi)", "");
}

int ms_store_user_remove(struct ms_store *s, struct ms_span name)
{
	int err = ms_store_change(s, "DELETE FROM user WHERE name=?", "t", name);

	return err ? err : drop_orphans(s);
}

int ms_store_user_disable(struct ms_store *s, struct ms_span name, bool disabled)
{
	return ms_store_change(s, "UPDATE user SET disabled=? WHERE name=?", "it",
			       (int64_t)disabled, name);
}

int ms_store_user_revoke(struct ms_store *s, struct ms_span name, ms_usec before)
{
	return ms_store_change(s, "UPDATE user SET revoked_before=? WHERE name=?", "it", before,
			       name);
}

int ms_store_identity_add(struct ms_store *s, struct ms_span user, struct ms_span uri)
{
	if (!good_name(uri))
		return bad_name(s);
	return ms_store_run(s, NULL, "INSERT INTO identity (uri, user) VALUES (?, ?)", "tt", uri,
			    user);
}

int ms_store_identity_remove(struct ms_store *s, struct ms_span user, struct ms_span uri)
{
	return ms_store_change(s, "DELETE FROM identity WHERE uri=? AND user=?", "tt", uri, user);
}

int ms_store_cert_add(struct ms_store *s, const struct ms_store_cert *c)
{
	if (c->der.len == 0 || c->der.len > MS_STORE_CERT_MAX)
		return ms_store_fail(s, -EINVAL, "%s: a certificate has 1 to %d octets", s->path,
				     MS_STORE_CERT_MAX);
	return ms_store_run(s, NULL, "INSERT INTO cert VALUES (?, ?, ?, ?)", "btib",
			    ms_span_of(c->fingerprint, 32), c->user, c->expires, c->der);
}

int ms_store_cert_remove(struct ms_store *s, const uint8_t fingerprint[static 32])
{
	return ms_store_change(s, "DELETE FROM cert WHERE fingerprint=?", "b",
			       ms_span_of(fingerprint, 32));
}

int ms_store_psi_add(struct ms_store *s, struct ms_span psi, struct ms_span user)
{
	if (!good_name(psi))
		return bad_name(s);
	return ms_store_run(s, NULL, "INSERT INTO psi VALUES (?, ?)", "tt", psi, user);
}

int ms_store_psi_remove(struct ms_store *s, struct ms_span psi, struct ms_span user)
{
	int err;

	if (user.len == 0)
		err = ms_store_change(s, "DELETE FROM psi WHERE uri=?", "t", psi);
	else
		err = ms_store_change(s, "DELETE FROM psi WHERE uri=? AND user=?", "tt", psi, user);
	return err ? err : drop_orphans(s);
}

int ms_store_psi_member_add(struct ms_store *s, struct ms_span psi, struct ms_span user)
{
	if (!good_name(psi))
		return bad_name(s);
	return ms_store_run(s, NULL, "INSERT INTO psi_member VALUES (?, ?)", "tt", psi, user);
}

int ms_store_psi_member_remove(struct ms_store *s, struct ms_span psi, struct ms_span user)
{
	return ms_store_change(s, "DELETE FROM psi_member WHERE psi=? AND user=?", "tt", psi, user);
}

int ms_store_policy_add(struct ms_store *s, const struct ms_store_policy *p, int64_t *ret_id)
{
	static const char next[] = "INSERT INTO policy (who, responder, allow, lifetime, max_keys,"
				   " max_responders) VALUES (?, ?, ?, ?, ?, ?)";
	static const char given[] = "INSERT INTO policy (who, responder, allow, lifetime, max_keys,"
				    " max_responders, id) VALUES (?, ?, ?, ?, ?, ?, ?)";
	int err;

	if (!good_name(p->who) || !good_name(p->responder))
		return bad_name(s);
	err = ms_store_run(s, NULL, p->id ? given : next, p->id ? "ttiiiii" : "ttiiii", p->who,
			   p->responder, (int64_t)p->allow, (int64_t)p->lifetime_s,
			   (int64_t)p->max_keys, (int64_t)p->max_responders, p->id);
	if (err == 0)
		*ret_id = sqlite3_last_insert_rowid(s->db);
	return err;
}

int ms_store_policy_remove(struct ms_store *s, int64_t id)
{
	return ms_store_change(s, "DELETE FROM policy WHERE id=?", "i", id);
}
