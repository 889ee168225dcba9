/* SPDX-License-Identifier: Apache-2.0 */
/* The user agent: what the SIP stack hands over, registration, beginning and end. */
#include <errno.h>

#include "core/alloc.h"
#include "ue/ue-priv.h"

#define RETRY_MAX_S 60
#define PATIENCE (3 * MS_SEC)

void ms_ue_tell(const struct ms_ue *ue, const struct ms_ue_event *e)
{
	ue->sink.event(ue->sink.arg, e);
}

void ms_ue_warn(const struct ms_ue *ue, const char *fmt, ...)
{
	struct ms_ue_event e = { .type = MS_UE_EVENT_WARNING };
	char text[512];
	struct ms_buf b;
	va_list ap;

	ms_buf_init_fixed(&b, text, sizeof(text));
	va_start(ap, fmt);
	ms_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	e.detail = ms_buf_span(&b);
	ms_ue_tell(ue, &e);
}

/* ---- the trace, a lab switch ---- */

static void trace_message(bool sent, enum ms_sip_transport t, const char *source,
			  const char *destination, struct ms_span message, void *arg)
{
	static const char *const names[] = { "udp", "tcp", "tls" };
	struct ms_ue *ue = arg;
	char iso[32];

	if (!ue->trace)
		return;
	fprintf(ue->trace, "--- %s %s %s %s -> %s, %zu octets\n",
		ms_usec_to_iso(ms_clock_wall(), iso), sent ? "sent" : "received", names[t], source,
		destination, message.len);
	fwrite(message.p, 1, message.len, ue->trace);
	fputs("\n", ue->trace);
	fflush(ue->trace);
}

const char *ms_ue_sip_error(const struct ms_ue *ue, int err)
{
	const char *refusal = ms_sip_tls_refusal(ue->sip);

	return refusal ? refusal : strerror(err < 0 ? -err : EIO);
}

/* ---- identities of requests ---- */

/* Only the proxy's word about identities counts (RFC 3325 section 5). */
static bool from_proxy(const struct ms_ue *ue, const struct ms_sip_message *m)
{
	struct ms_addr source;
	char text[64];

	if (!ms_addr_is_set(&ue->proxy))
		return true; /* known by name only: the transport has to keep strangers out */
	if (ms_addr_parse(ms_span_str(ms_sip_source(m, text)), 0, &source))
		return false;
	return ms_addr_same_host(&source, &ue->proxy);
}

struct ms_ue_sender ms_ue_sender_of(const struct ms_ue *ue, const struct ms_sip_message *m)
{
	struct ms_ue_sender s = { { "" }, { "" } };
	struct ms_sip_address a;

	if (from_proxy(ue, m) && ms_sip_asserted_identity(m, 0, &a) &&
	    ms_keys_identity_parse(a.uri, &s.asserted))
		s.asserted.uri[0] = '\0';
	if (ms_keys_identity_parse(ms_sip_from(m).uri, &s.from))
		s.from.uri[0] = '\0';
	return s;
}

struct ms_span ms_ue_sender_differs(const struct ms_ue_sender *s, struct ms_span peer)
{
	if (s->from.uri[0] && !ms_keys_identity_same(peer, ms_keys_identity_span(&s->from)))
		return MS_SPAN_LIT("From names somebody else");
	if (s->asserted.uri[0] && !ms_keys_identity_same(peer, ms_keys_identity_span(&s->asserted)))
		return MS_SPAN_LIT("the network says it is from somebody else");
	return MS_SPAN_NULL;
}

/* ---- answers ---- */

char *ms_ue_warning_put(const struct ms_ue *ue, unsigned code, const char *text,
			char dst[static MS_UE_WARNING_MAX])
{
	struct ms_span uri = ms_keys_identity_span(&ue->settings->identity);
	struct ms_span host = ms_span_from(uri, ms_span_find(uri, '@') + 1);
	struct ms_buf b;

	ms_buf_init_fixed(&b, dst, MS_UE_WARNING_MAX - 1);
	ms_buf_printf(&b, "%u %.*s \"", code, MS_SPAN_FMT(host));
	for (; *text && b.len < MS_UE_WARNING_MAX - 2; text++)
		ms_buf_put_u8(&b,
			      *text < ' ' || *text == '"' || *text == '\\' ? ' ' : (uint8_t)*text);
	ms_buf_put_u8(&b, '"');
	dst[b.len] = '\0';
	return dst;
}

void ms_ue_reply(struct ms_ue *ue, const struct ms_sip_message *m, unsigned status,
		 unsigned warning, const char *text)
{
	char value[MS_UE_WARNING_MAX];
	struct ms_sip_header_value header = { "Warning", MS_SPAN_NULL };
	struct ms_sip_content content = { .headers = &header, .n_headers = text ? 1 : 0 };
	int err;

	if (text)
		header.value = ms_span_str(ms_ue_warning_put(ue, warning, text, value));
	err = ms_sip_reply(ue->sip, m, status, NULL, &content);
	if (err)
		ms_ue_warn(ue, "an answer could not be sent: %s", strerror(-err));
}

/* ---- what the stack hands over ---- */

static void on_request(struct ms_sip *sip, const struct ms_sip_message *m, void *arg)
{
	struct ms_ue *ue = arg;

	(void)sip;
	if (ms_span_is(ms_sip_method(m), "MESSAGE"))
		ms_ue_message_receive(ue, m);
	else
		ms_ue_reply(ue, m, ms_span_is(ms_sip_method(m), "OPTIONS") ? 200 : 405, 0, NULL);
}

static void on_invite(struct ms_sip *sip, struct ms_sip_session *s, const struct ms_sip_message *m,
		      void *arg)
{
	(void)sip;
	ms_ue_call_receive(arg, s, m);
}

static void on_registration(struct ms_sip_account *a, enum ms_sip_registration_state state, int err,
			    const struct ms_sip_message *m, void *arg)
{
	struct ms_ue *ue = arg;
	struct ms_ue_event e = { .peer = ms_keys_identity_span(&ue->settings->identity) };

	switch (state) {
	case MS_SIP_REGISTERED:
		e.type = MS_UE_EVENT_REGISTERED;
		e.expires = ms_sip_registration_expires(a);
		break;
	case MS_SIP_REGISTRATION_FAILED:
		e.type = MS_UE_EVENT_REGISTER_FAILED;
		e.status = m ? ms_sip_status(m) : 0;
		e.reason = err == -EACCES ? "credentials" : m ? "refused" : "unreachable";
		e.detail = m ? ms_sip_reason(m) : ms_span_str(ms_ue_sip_error(ue, err));
		break;
	case MS_SIP_UNREGISTERED:
		e.type = MS_UE_EVENT_UNREGISTERED;
		break;
	case MS_SIP_REGISTERING:
		return;
	}
	ms_ue_tell(ue, &e);
	ms_ue_calls_registered(ue);
}

int ms_ue_register(struct ms_ue *ue)
{
	const struct ms_sip_registration_handler handler = { on_registration, ue };
	unsigned expires = (unsigned)(ue->settings->config->sip.expires / MS_SEC);

	return ms_sip_register(ue->account, expires, RETRY_MAX_S, &handler);
}

const struct ms_sip_handlers ms_ue_sip_handlers = {
	.request = on_request,
	.invite = on_invite,
	.trace = trace_message,
};

int ms_ue_new(const struct ms_ue_settings *settings, const struct ms_ue_sink *sink,
	      struct ms_buf *error, struct ms_ue **ret_ue)
{
	struct ms_ue *ue = ms_zalloc(sizeof(*ue));
	int err;

	if (!ue)
		return -ENOMEM;
	ue->settings = settings;
	ue->sink = *sink;
	ms_list_init(&ue->sending);
	ms_list_init(&ue->receiving);
	ms_list_init(&ue->calls);
	err = ms_ue_open(ue, error);
	if (err) {
		ms_ue_free(ue);
		return err;
	}
	ms_ue_tell(ue, &(struct ms_ue_event){ .type = MS_UE_EVENT_READY,
					      .peer = ms_keys_identity_span(&settings->identity) });
	*ret_ue = ue;
	return 0;
}

struct ms_ue *ms_ue_free(struct ms_ue *ue)
{
	if (!ue)
		return NULL;
	ms_ue_calls_stop(ue);
	ms_ue_messages_stop(ue);
	ms_sip_account_free(ue->account);
	ms_sip_free(ue->sip);
	ms_keys_ring_free(ue->keys);
	ms_keys_kms_free(ue->kms);
	ms_keys_replay_free(ue->replay);
	ms_tls_context_free(ue->tls);
	ms_tls_certificate_unref(ue->certificate);
	if (ue->trace)
		fclose(ue->trace);
	if (ue->key_log)
		fclose(ue->key_log);
	return ms_free(ue);
}

void ms_ue_shutdown(struct ms_ue *ue, void (*done)(void *arg), void *arg)
{
	ue->stopping = true;
	ms_sip_shutdown(ue->sip, PATIENCE, done, arg);
}
