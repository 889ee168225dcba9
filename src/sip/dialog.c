/* SPDX-License-Identifier: Apache-2.0 */
/* Dialogs: RFC 3261 section 12. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "core/alloc.h"
#include "sip/sip-priv.h"

/* ---- finding ---- */

/* Call-ID and our tag name a dialog of ours; the peer's tag is compared afterwards. */
static void put_key(struct ms_buf *b, struct ms_span call_id, struct ms_span tag)
{
	ms_buf_put_span(b, call_id);
	ms_buf_put_u8(b, ' ');
	ms_buf_put_span(b, tag);
}

static int register_dialog(struct ms_sip_dialog *d)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;
	int err;

	ms_buf_init(&key, MS_SIP_VALUE_MAX);
	put_key(&key, ms_span_str(d->call_id), ms_span_str(d->local_tag));
	err = ms_buf_status(&key);
	if (err == 0)
		err = ms_hash_put(d->sip->dialogs, ms_buf_span(&key), d);
	d->registered = err == 0;
	return err;
}

static void unregister_dialog(struct ms_sip_dialog *d)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;
	uint8_t room[MS_SIP_VALUE_MAX];

	ms_buf_init_fixed(&key, room, sizeof(room));
	if (!d->registered)
		return;
	put_key(&key, ms_span_str(d->call_id), ms_span_str(d->local_tag));
	(void)ms_hash_take(d->sip->dialogs, ms_buf_span(&key));
	d->registered = false;
}

struct ms_sip_dialog *ms_sip_dialog_find(struct ms_sip *sip, const struct sip_msg *m)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf key;
	uint8_t room[MS_SIP_VALUE_MAX];
	struct ms_sip_dialog *d;

	ms_buf_init_fixed(&key, room, sizeof(room));
	put_key(&key, ms_sip_span(&m->callid), ms_sip_span(m->req ? &m->to.tag : &m->from.tag));
	if (ms_buf_status(&key) < 0)
		return NULL;
	d = ms_hash_get(sip->dialogs, ms_buf_span(&key));
	if (!d || !m->req)
		return d;
	if (d->remote_tag && !ms_span_is(ms_sip_span(&m->from.tag), d->remote_tag))
		return NULL;
	return d;
}

/* ---- making ---- */

struct ms_sip_dialog *ms_sip_dialog_free(struct ms_sip_dialog *d)
{
	if (!d)
		return NULL;
	unregister_dialog(d);
	ms_sip_routes_done(&d->routes);
	ms_free(d->call_id);
	ms_free(d->local_tag);
	ms_free(d->remote_tag);
	ms_free(d->local);
	ms_free(d->remote);
	ms_free(d->target);
	return ms_free(d);
}

static int check(struct ms_sip_dialog *d, struct ms_sip_dialog **ret_d)
{
	int err = -ENOMEM;

	if (d->call_id && d->local_tag && d->local && d->remote && d->target)
		err = register_dialog(d);
	if (err < 0)
		ms_sip_dialog_free(d);
	else
		*ret_d = d;
	return err;
}

int ms_sip_dialog_new(struct ms_sip *sip, enum ms_sip_usage usage, void *owner, const char *local,
		      const char *remote, const char *target, struct ms_sip_dialog **ret_d)
{
	struct ms_sip_dialog *d = ms_zalloc(sizeof(*d));
	char call_id[MS_SIP_TOKEN_SIZE], tag[MS_SIP_TOKEN_SIZE];
	int err;

	if (!d)
		return -ENOMEM;
	*d = (struct ms_sip_dialog){ .sip = sip, .usage = usage, .owner = owner };
	err = ms_sip_token(call_id);
	if (err == 0)
		err = ms_sip_token(tag);
	if (err < 0) {
		ms_sip_dialog_free(d);
		return err;
	}
	d->call_id = ms_strdup(call_id);
	d->local_tag = ms_strdup(tag);
	d->local = ms_strdup(local);
	d->remote = ms_strdup(remote);
	d->target = ms_strdup(target);
	return check(d, ret_d);
}

/* A From or To value without its tag: "<uri>" with the display name as it came. */
static char *without_tag(struct ms_span value)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf b;
	struct ms_sip_address a;

	ms_buf_init(&b, MS_SIP_VALUE_MAX);
	if (ms_sip_address_parse(value, &a) < 0)
		return NULL;
	/* What stands before the URI is copied with its quotes. */
	if (a.display.len > 0)
		ms_buf_put_span(&b, ms_span_of(value.p, (size_t)(a.uri.p - value.p) - 1));
	ms_buf_put_u8(&b, '<');
	ms_buf_put_span(&b, a.uri);
	ms_buf_put_u8(&b, '>');
	return ms_buf_status(&b) < 0 ? NULL : ms_strdup_span(ms_buf_span(&b));
}

static int add_routes(struct ms_sip_dialog *d, const struct sip_msg *m, bool backwards)
{
	const struct ms_sip_message *msg = ms_sip_cooked(m);
	struct ms_sip_address a;
	size_t n = 0;
	int err = 0;

	while (ms_sip_address_at(msg, "Record-Route", n, &a))
		n++;
	for (size_t i = 0; i < n && err == 0; i++) {
		MS_CLEANUP(ms_buf_done) struct ms_buf b;

		ms_buf_init(&b, MS_SIP_VALUE_MAX);
		if (!ms_sip_address_at(msg, "Record-Route", backwards ? n - 1 - i : i, &a))
			return -EBADMSG;
		ms_buf_put_u8(&b, '<');
		ms_buf_put_span(&b, a.uri);
		ms_buf_put_u8(&b, '>');
		err = ms_buf_status(&b);
		if (err == 0)
			err = ms_sip_routes_add(&d->routes, ms_buf_span(&b));
	}
	return err;
}

static int set_target(struct ms_sip_dialog *d, const struct sip_msg *m)
{
	struct ms_sip_address a;
	struct ms_sip_uri u;
	char *target;

	if (!ms_sip_contact(ms_sip_cooked(m), 0, &a) || ms_sip_uri_parse(a.uri, &u) < 0)
		return -EBADMSG;
	target = ms_strdup_span(a.uri);
	if (!target)
		return -ENOMEM;
	ms_free(d->target);
	d->target = target;
	return 0;
}

/* RFC 3261 section 12.1.1 */
int ms_sip_dialog_from_request(struct ms_sip *sip, enum ms_sip_usage usage, void *owner,
			       const struct sip_msg *m, struct ms_sip_dialog **ret_d)
{
	struct ms_sip_dialog *d;
	char tag[20];
	int err;

	if (!pl_isset(&m->from.tag))
		return -EBADMSG;
	d = ms_zalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	*d = (struct ms_sip_dialog){ .sip = sip, .usage = usage, .owner = owner };
	/* The tag libre's reply will write into To. */
	(void)snprintf(tag, sizeof(tag), "%016" PRIx64, m->tag);
	d->call_id = ms_strdup_span(ms_sip_span(&m->callid));
	d->local_tag = ms_strdup(tag);
	d->remote_tag = ms_strdup_span(ms_sip_span(&m->from.tag));
	d->local = without_tag(ms_sip_span(&m->to.val));
	d->remote = without_tag(ms_sip_span(&m->from.val));
	d->remote_seq = m->cseq.num;
	d->remote_seq_known = true;
	err = set_target(d, m);
	if (err == 0)
		err = add_routes(d, m, false);
	if (err == 0 && !d->remote_tag)
		err = -ENOMEM;
	if (err < 0) {
		ms_sip_dialog_free(d);
		return err;
	}
	return check(d, ret_d);
}

/* ---- its life ---- */

static int confirm(struct ms_sip_dialog *d, const struct sip_msg *m, const struct pl *peer_tag)
{
	char *tag;

	/* Without the peer's tag there is no dialog (section 12.1). */
	if (!pl_isset(peer_tag))
		return -EBADMSG;
	tag = ms_strdup_span(ms_sip_span(peer_tag));
	if (!tag)
		return -ENOMEM;
	ms_free(d->remote_tag);
	d->remote_tag = tag;
	ms_sip_routes_done(&d->routes);
	/* A provisional answer may lack the Contact. */
	if (set_target(d, m) == -ENOMEM)
		return -ENOMEM;
	return add_routes(d, m, !m->req);
}

int ms_sip_dialog_confirm(struct ms_sip_dialog *d, const struct sip_msg *m)
{
	return confirm(d, m, &m->to.tag);
}

int ms_sip_dialog_confirm_by_request(struct ms_sip_dialog *d, const struct sip_msg *m)
{
	return confirm(d, m, &m->from.tag);
}

void ms_sip_dialog_retarget(struct ms_sip_dialog *d, const struct sip_msg *m)
{
	/* Without a usable Contact the old target stands. */
	if (set_target(d, m) < 0)
		return;
}

bool ms_sip_dialog_in_order(struct ms_sip_dialog *d, const struct sip_msg *m)
{
	if (!pl_strcmp(&m->met, "ACK") || !pl_strcmp(&m->met, "CANCEL"))
		return true;
	if (d->remote_seq_known && m->cseq.num < d->remote_seq)
		return false;
	d->remote_seq = m->cseq.num;
	d->remote_seq_known = true;
	return true;
}
