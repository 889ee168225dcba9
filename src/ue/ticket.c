/* SPDX-License-Identifier: Apache-2.0 */
/* The user's keyring: for whom its tickets are, and what it tells as events. */
#include <errno.h>

#include "ue/ue-priv.h"

/* A message that is shown whatever its age; its ticket still ends. */
#define FOR_EVER ((ms_usec)100 * 365 * 86400 * MS_SEC)

/* ---- what the keyring tells ---- */

static void tell_ticket(const struct ms_ue *ue, const struct ms_keys_ticket_news *n)
{
	ms_usec end = ms_mikey_ticket_held_end(n->held);

	ms_ue_tell(ue, &(struct ms_ue_event){
			       .type = MS_UE_EVENT_TICKET,
			       .kind = ms_keys_ticket_kind_name(n->kind),
			       .source = n->source,
			       .resolvers = n->resolvers,
			       .valid_until = end == MS_NEVER ? 0 : end,
			       .uses = ms_mikey_ticket_held_uses(n->held),
		       });
}

static void on_ticket(void *arg, const struct ms_keys_ticket_news *n)
{
	tell_ticket(arg, n);
}

static void on_failure(void *arg, const struct ms_keys_failure *f)
{
	const struct ms_ue *ue = arg;

	ms_ue_tell(ue, &(struct ms_ue_event){
			       .type = MS_UE_EVENT_KMS_ERROR,
			       .url = ms_span_str(ms_keys_kms_url(ue->kms)),
			       .reason = f->reason,
			       .status = f->status,
			       .detail = ms_span_str(f->detail),
		       });
}

static void on_warning(void *arg, const char *text)
{
	ms_ue_warn(arg, "%s", text);
}

static int open_ring(struct ms_ue *ue)
{
	const struct ms_ue_settings *s = ue->settings;
	const struct ms_ue_config *c = s->config;
	const struct ms_keys_ring_options o = {
		.kms = ue->kms,
		.profile = &c->profile,
		.identity = &s->identity,
		.kms_identity = &s->kms,
		.psk_id = c->kms.psk_id,
		.psk = ms_secret_span(&s->psk),
		.credential = s->credential,
		.offline_limit = c->replay.forgotten == MS_UE_FORGOTTEN_SHOW
					 ? FOR_EVER
					 : c->replay.offline_limit,
		.lifetime = c->tickets.lifetime,
		.renew_ahead = c->tickets.renew_ahead,
		.tickets_max = c->tickets.max,
		.ticket_file = s->ticket_file,
		.handlers = { .ticket = on_ticket,
			      .failed = on_failure,
			      .warn = on_warning,
			      .arg = ue },
	};

	return ms_keys_ring_new(&o, &ue->keys);
}

int ms_ue_keys_open(struct ms_ue *ue, struct ms_buf *error)
{
	const struct ms_ue_settings *s = ue->settings;
	const struct ms_keys_kms_options kms = {
		.url = s->config->kms.url,
		.ca_file = s->kms_ca,
		.profile = &s->config->profile,
		.timeout = s->config->kms.timeout,
	};
	int err = *kms.url ? ms_keys_kms_new(&kms, &ue->kms) : 0;

	if (err) {
		ms_buf_printf(error, "key management: %s", strerror(-err));
		return err;
	}
	err = open_ring(ue);
	if (err)
		ms_buf_printf(error, "%s: %s", s->ticket_file ? s->ticket_file : "key management",
			      strerror(-err));
	return err;
}

/* ---- our own tickets ---- */

void ms_ue_ticket_resolver(const struct ms_ue *ue, enum ms_keys_ticket_kind kind,
			   struct ms_span called, bool only_called, struct ms_buf *b)
{
	const char *any = ue->settings->config->profile.wildcard;

	/* A message is for its recipient alone (TR 33.829 annex E); a call may be diverted. */
	if (kind == MS_KEYS_TICKET_MESSAGE || only_called || !ue->settings->policy.diversion)
		ms_buf_put_span(b, called);
	else
		ms_buf_printf(b, "%s@%s", any, any); /* ?@?: TS 33.328 6.2.3.5 */
}

void ms_ue_list_tickets(const struct ms_ue *ue)
{
	struct ms_keys_ticket_news news = { .source = "cache" };

	for (size_t i = 0; ms_keys_cache_at(ms_keys_ring_tickets(ue->keys), i, &news.kind,
					    &news.resolvers, &news.held);
	     i++)
		tell_ticket(ue, &news);
}
