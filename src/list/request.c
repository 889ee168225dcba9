/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every request comes here first: from whom it is, whether it may go on at all, and where to. RFC 3428
 * section 7, RFC 3325, TS 24.247 clauses 5.3.3.1 and 5.3.3.3.
 */
#include <errno.h>

#include "list/lists.h"
#include "list/psi.h"
#include "list/uri-list.h"
#include "loop/loop.h"

#define ALLOW "MESSAGE, OPTIONS, REGISTER"

/* ---- refusing ---- */

/* RFC 3261 section 20.43: code, agent, quoted text. */
static void put_warning(struct ms_buf *b, const char *detail)
{
	ms_buf_put_str(b, "399 mediasec-list \"");
	for (; *detail; detail++)
		ms_buf_put_u8(b, *detail == '"' || *detail == '\\' || *detail < ' '
					 ? '\''
					 : (unsigned)*detail);
	ms_buf_put_u8(b, '"');
}

static void log_refusal(const struct ms_sip_packet *m, unsigned status, const char *reason,
			const char *detail)
{
	MS_LOG(&ms_lists_log, MS_LOG_INFO, "call=%s %s to %s from %s refused %u %s%s%s",
	       MS_QUOTED(m->call_id), MS_QUOTED(m->method), MS_QUOTED(m->uri),
	       MS_QUOTED(ms_sip_packet_get(m, "From")), status, reason, detail ? ": " : "",
	       detail ? detail : "");
}

void ms_lists_refuse(struct ms_sip_exchange *x, unsigned status, const char *reason,
		     const char *detail)
{
	char text[512];
	struct ms_buf b;
	struct ms_sip_edit edit = { .name = "Warning" };
	const struct ms_sip_change change = { .edits = &edit, .n_edits = 1 };

	ms_lists_count_refused(reason);
	log_refusal(ms_sip_exchange_request(x), status, reason, detail);
	ms_buf_init_fixed(&b, text, sizeof(text));
	if (detail)
		put_warning(&b, detail);
	edit.value = ms_buf_span(&b);
	ms_sip_exchange_reject(x, status, NULL, detail && !ms_buf_status(&b) ? &change : NULL);
}

static void refuse_rate(struct ms_sip_exchange *x, ms_usec wait)
{
	char text[24];
	struct ms_buf b;
	struct ms_sip_edit edit = { .name = "Retry-After" };
	const struct ms_sip_change change = { .edits = &edit, .n_edits = 1 };

	ms_lists_count_refused("rate");
	log_refusal(ms_sip_exchange_request(x), 480, "rate", NULL);
	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_buf_printf(&b, "%lld", (long long)((wait + MS_SEC - 1) / MS_SEC));
	edit.value = ms_buf_span(&b);
	ms_sip_exchange_reject(x, 480, "Too Many Messages", &change);
}

static void refuse_method(struct ms_sip_exchange *x, unsigned status)
{
	const struct ms_sip_edit edits[] = {
		{ .name = "Allow", .value = MS_SPAN_LIT(ALLOW) },
		{ .name = "Supported", .value = MS_SPAN_LIT(MS_LISTS_OPTION_TAG) },
	};
	const struct ms_sip_change change = { .edits = edits, .n_edits = MS_ARRAY_SIZE(edits) };

	if (status >= 300)
		ms_lists_count_refused("method");
	ms_sip_exchange_reject(x, status, NULL, &change);
}

/* ---- who ---- */

static bool is_trusted(const struct ms_sip_hop *from)
{
	const struct ms_lists_config *c = ms_lists.config;
	const struct ms_addr *a = c->sip.trusted.items;

	if (ms_addr_same_host(&from->peer, &c->sip.core))
		return true;
	for (size_t i = 0; i < c->sip.trusted.n; i++)
		if (ms_addr_same_host(&from->peer, &a[i]))
			return true;
	return false;
}

/* RFC 3325 section 9.1: the network's word; a sender may have a SIP and a tel URI there. */
int ms_lists_sender_of(const struct ms_sip_packet *m, struct ms_lists_sender *ret_s)
{
	struct ms_sip_address a;

	ret_s->asserted = ms_sip_packet_address(m, "P-Asserted-Identity", 0, &a);
	if (!ret_s->asserted && !ms_sip_packet_address(m, "From", 0, &a))
		return -EINVAL;
	return ms_keys_identity_parse(a.uri, &ret_s->uri);
}

/* ---- loops ---- */

/* Our own header names the lists it has passed; more of them than these is no chain of lists. */
#define TAGS_MAX 4

static bool is_loop(const struct ms_sip_packet *m)
{
	struct ms_keys_identity to, passed;
	struct ms_sip_address a;
	size_t i = 0;

	if (ms_keys_identity_parse(m->uri, &to))
		return false;
	for (; ms_sip_packet_address(m, ms_lists.keys_config->profile.list_header, i, &a); i++)
		if (i >= TAGS_MAX || (ms_keys_identity_parse(a.uri, &passed) == 0 &&
				      strcmp(passed.uri, to.uri) == 0))
			return true;
	return false;
}

/* ---- what ---- */

/* RFC 3261 section 8.2.2.3: what a request needs and we do not have goes back in Unsupported. */
static bool check_extensions(struct ms_sip_exchange *x, const struct ms_sip_packet *m)
{
	struct ms_sip_edit edit = { .name = "Unsupported" };
	const struct ms_sip_change change = { .edits = &edit, .n_edits = 1 };
	struct ms_span tag;

	for (size_t i = 0; ms_sip_packet_element(m, "Require", i, &tag); i++) {
		if (ms_span_is_nocase(tag, MS_LISTS_OPTION_TAG) && ms_lists_uri_is(m))
			continue;
		edit.value = tag;
		ms_lists_count_refused("extension");
		log_refusal(m, 420, "extension", NULL);
		ms_sip_exchange_reject(x, 420, NULL, &change);
		return false;
	}
	return true;
}

static bool check_message(struct ms_sip_exchange *x, const struct ms_sip_packet *m,
			  struct ms_lists_sender *sender)
{
	const struct ms_lists_config *c = ms_lists.config;

	if (m->body.len > c->limits.size)
		ms_lists_refuse(x, 413, "too_large", "the body is longer than limits.size");
	else if (m->max_forwards == 0)
		ms_lists_refuse(x, 483, "hops", NULL);
	else if (is_loop(m))
		ms_lists_refuse(x, 482, "loop", "it has passed this list before");
	else if (ms_lists_sender_of(m, sender))
		ms_lists_refuse(x, 400, "no_sender",
				"neither P-Asserted-Identity nor From is an identity");
	else
		return true;
	return false;
}

bool ms_lists_take_rate(struct ms_sip_exchange *x, const struct ms_lists_sender *sender, size_t n)
{
	ms_usec wait;

	if (!ms_lists_rate_fits(ms_lists.rate, n)) {
		ms_lists_refuse(x, 403, "too_many_recipients",
				"more recipients than one sender may have");
		return false;
	}
	wait = ms_lists_rate_take(ms_lists.rate, ms_keys_identity_span(&sender->uri), n,
				  ms_clock_mono());
	if (wait > 0)
		refuse_rate(x, wait);
	return wait == 0;
}

static void take_message(struct ms_sip_exchange *x, const struct ms_sip_packet *m)
{
	struct ms_lists_sender sender;
	struct ms_keys_identity to;
	const struct ms_lists_list *l;

	ms_lists_count(MS_LISTS_C_MESSAGES);
	if (!check_extensions(x, m) || !check_message(x, m, &sender))
		return;
	if (ms_lists_uri_is(m)) {
		ms_lists_uri_take(x, &sender);
		return;
	}
	l = ms_keys_identity_parse(m->uri, &to)
		    ? NULL
		    : ms_lists_find(ms_lists.directory, ms_keys_identity_span(&to));
	if (!l)
		ms_lists_refuse(x, 404, "no_list", "there is no such list");
	else
		ms_lists_psi_take(x, l, &sender);
}

void ms_lists_request(struct ms_sip_exchange *x, void *arg)
{
	const struct ms_sip_packet *m = ms_sip_exchange_request(x);

	(void)arg;
	if (ms_sip_packet_is(m, "ACK"))
		ms_sip_exchange_reject(x, 481, NULL, NULL);
	else if (!is_trusted(ms_sip_exchange_from(x)))
		ms_lists_refuse(x, 403, "not_trusted", NULL);
	else if (ms_sip_packet_is(m, "OPTIONS"))
		refuse_method(x, 200);
	else if (ms_sip_packet_is(m, "MESSAGE"))
		take_message(x, m);
	else if (ms_sip_packet_is(m, "REGISTER"))
		ms_lists_register(x);
	else
		refuse_method(x, 405);
}

void ms_lists_exchange_ended(struct ms_sip_exchange *x, void *arg)
{
	(void)arg;
	ms_lists_uri_forget(x);
	ms_lists_psi_forget(x);
}
