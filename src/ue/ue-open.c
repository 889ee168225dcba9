/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the user agent together: keys and caches, lab switches, TLS, SIP. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ue/ue-priv.h"

/* TS 24.229 clause 7.2A.7 */
#define MEDIA_SECURITY "msrp-tls;mediasec, bfcp-tls;mediasec"

#define REPLAY_LEAST 16 /* messages remembered however few are expected */

#define USER_AGENT "mediasec-ue/" MS_VERSION

/* ---- keys ---- */

/* As many as may come while we are away: 3GPP pCR on immediate messaging, clause 8.3.1.1.1. */
static size_t replay_size(const struct ms_ue_config *c)
{
	const uint64_t day = 86400 * (uint64_t)MS_SEC;
	uint64_t hours = ((uint64_t)c->replay.offline_limit + day / 24 - 1) / (day / 24);

	return (size_t)((c->replay.messages_per_day * hours + 23) / 24) + REPLAY_LEAST;
}

static int open_replay(struct ms_ue *ue, struct ms_buf *error)
{
	const struct ms_ue_settings *s = ue->settings;
	MS_CLEANUP(ms_buf_done) struct ms_buf seen;
	int err = ms_keys_replay_new(replay_size(s->config), &ms_random_system, &ue->replay);

	ms_buf_init(&seen, 8192);
	ms_buf_printf(&seen, "%s.seen", s->ticket_file ? s->ticket_file : "");
	if (!err && s->ticket_file)
		err = ms_keys_replay_open(ue->replay, ms_buf_cstr(&seen));
	if (err)
		ms_buf_printf(error, "%s: %s", ms_buf_cstr(&seen),
			      err == -EBADMSG ? "not a list of seen messages" : strerror(-err));
	return err;
}

static int check_identity(const struct ms_profile *p, struct ms_buf *error)
{
	size_t len = strlen(p->psk_identity);

	if (len > MS_TLS_IDENTITY_MAX)
		ms_buf_printf(error, "profile.psk_identity: longer than %d octets",
			      MS_TLS_IDENTITY_MAX);
	else if (p->tls13_psk && len == 0)
		ms_buf_printf(error, "profile.tls13_psk: needs profile.psk_identity");
	else
		return 0;
	return -EINVAL;
}

/* ---- lab switches ---- */

static int open_lab_file(const char *path, FILE **ret_f, struct ms_buf *error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "a");

	if (!f) {
		int err = -errno;

		ms_buf_printf(error, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return err;
	}
	*ret_f = f;
	return 0;
}

static void key_log_line(void *arg, const char *line)
{
	struct ms_ue *ue = arg;

	fprintf(ue->key_log, "%s\n", line);
	fflush(ue->key_log);
}

static int init_tls(struct ms_ue *ue, struct ms_buf *error)
{
	const struct ms_ue_settings *s = ue->settings;
	struct ms_fault fault = { 0 };
	const struct ms_profile *p = &s->config->profile;
	struct ms_tls_config tls = { .psk_suites = p->psk_suites,
				     .allow_dh = p->psk_dh,
				     .allow_null = p->psk_null,
				     .cert_suites = p->cert_suites,
				     .allow_legacy_suites = p->cert_legacy_suites,
				     .allow_sha1 = p->fingerprint_sha1,
				     .allow_renegotiation = p->tls_renegotiation,
				     .allow_legacy_peer = p->tls_legacy_peer,
				     .handshake_time = s->config->media.connect_limit };
	int err = check_identity(p, error);

	if (!err && s->trace)
		err = open_lab_file(s->trace, &ue->trace, error);
	if (!err && s->key_log)
		err = open_lab_file(s->key_log, &ue->key_log, error);
	if (err)
		return err;
	if (ue->key_log) {
		tls.keylog = key_log_line;
		tls.keylog_arg = ue;
	}
	err = ms_tls_context_new(&tls, &ue->tls, &fault);
	if (err)
		ms_buf_printf(error, "profile.psk_suites, profile.cert_suites: %s",
			      fault.reason ? fault.reason : strerror(-err));
	if (!err && s->config->media.e2ae != MS_UE_E2AE_OFF)
		err = ms_ue_certificate_open(ue, error);
	return err;
}

/* The address that leads to the proxy, when none is configured. */
static int local_address(const struct ms_addr *proxy, struct ms_addr *ret_local)
{
	struct ms_addr a = { .len = sizeof(a.u) };
	int fd = socket(ms_addr_family(proxy), SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, &proxy->u.sa, proxy->len) < 0 || getsockname(fd, &a.u.sa, &a.len) < 0)
		err = -errno;
	close(fd);
	if (!err) {
		ms_addr_set_port(&a, 0);
		*ret_local = a;
	}
	return err;
}

static int find_proxy(struct ms_ue *ue)
{
	struct ms_sip_uri uri;
	char host[MS_ADDR_TEXT_MAX];

	if (!*ue->settings->config->sip.proxy)
		return 0;
	if (ms_sip_uri_parse(ms_span_str(ue->settings->config->sip.proxy), &uri))
		return -EINVAL;
	if (ms_span_to_str(uri.host, host, sizeof(host)) ||
	    ms_addr_parse(ms_span_str(host), 0, &ue->proxy))
		return 0; /* a name */
	ms_addr_set_port(&ue->proxy, uri.port ? uri.port : 5060);
	return 0;
}

static int find_address(struct ms_ue *ue, struct ms_addr *ret_sip, struct ms_buf *error)
{
	const struct ms_ue_config *c = ue->settings->config;
	struct ms_addr a;
	int err = find_proxy(ue);

	if (err) {
		ms_buf_put_str(error, "sip.proxy: not a SIP URI");
		return err;
	}
	if (*c->sip.address)
		err = ms_addr_parse(ms_span_str(c->sip.address), 0, &a);
	else if (ms_addr_is_set(&ue->proxy))
		err = local_address(&ue->proxy, &a);
	else
		err = -EINVAL;
	if (err) {
		ms_buf_put_str(error, "sip.address: no IP address, and none leads to sip.proxy");
		return err;
	}
	*ret_sip = ue->media = a;
	if (*c->media.address && ms_addr_parse(ms_span_str(c->media.address), 0, &ue->media)) {
		ms_buf_put_str(error, "media.address: not an IP address");
		return -EINVAL;
	}
	return 0;
}

/* A port that neither TCP nor UDP uses: who cannot reach us by UDP tries TCP at the same one. */
static uint16_t free_port(const struct ms_addr *address)
{
	struct ms_addr a = *address;
	int tcp = socket(ms_addr_family(&a), SOCK_STREAM | SOCK_CLOEXEC, 0);
	int udp = socket(ms_addr_family(&a), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint16_t port = 0;

	for (int tries = 0; tries < 16 && !port && tcp >= 0 && udp >= 0; tries++) {
		struct ms_addr got = { .len = sizeof(got.u) };

		ms_addr_set_port(&a, 0);
		if (bind(udp, &a.u.sa, a.len) < 0 || getsockname(udp, &got.u.sa, &got.len) < 0)
			break;
		if (bind(tcp, &got.u.sa, got.len) == 0)
			port = ms_addr_port(&got);
		close(udp);
		udp = socket(ms_addr_family(&a), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	}
	close(tcp);
	close(udp);
	return port;
}

static int open_stack(struct ms_ue *ue, const struct ms_addr *a, struct ms_buf *error)
{
	char address[MS_ADDR_TEXT_MAX];
	const struct ms_ue_settings *s = ue->settings;
	const struct ms_ue_config *c = s->config;
	enum ms_sip_transport first = (enum ms_sip_transport)c->sip.transport;
	/* By UDP large requests go over TCP, so both are there. */
	uint16_t port = c->sip.port || first != MS_SIP_UDP ? (uint16_t)c->sip.port : free_port(a);
	const struct ms_sip_bind binds[] = {
		{ first, address, port },
		{ MS_SIP_TCP, address, port },
	};
	const struct ms_sip_config config = {
		.binds = binds,
		.n_binds = first == MS_SIP_UDP ? 2 : 1,
		.tls = { .ca_file = s->sip_ca,
			 .server_name = *c->sip.server_name ? c->sip.server_name : NULL },
		.user_agent = USER_AGENT,
		.dns = !ms_addr_is_set(&ue->proxy),
		.limits = { .sessions = c->limits.sessions },
		.handlers = ms_ue_sip_handlers,
		.arg = ue,
	};

	ms_addr_print_host(a, address);
	return ms_sip_new(&config, error, &ue->sip);
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static int open_account(struct ms_ue *ue, struct ms_buf *error)
{
	const struct ms_ue_settings *s = ue->settings;
	const struct ms_ue_config *c = s->config;
	const struct ms_sip_account_config account = {
		.identity = s->identity.uri,
		.display = or_null(c->display_name),
		.auth_user = or_null(c->sip.auth_user),
		.password = s->password,
		.registrar = or_null(c->sip.registrar),
		.proxy = or_null(c->sip.proxy),
		.transport = (enum ms_sip_transport)c->sip.transport,
		.transport_set = true,
		.media_security = c->media.e2ae == MS_UE_E2AE_REGISTERED ? MEDIA_SECURITY : NULL,
	};
	int err = ms_sip_account_new(ue->sip, &account, &ue->account);

	if (err)
		ms_buf_printf(error, "account: %s", strerror(-err));
	return err;
}

static int open_sip(struct ms_ue *ue, struct ms_buf *error)
{
	struct ms_addr a;
	int err = find_address(ue, &a, error);

	if (!err)
		err = open_stack(ue, &a, error);
	if (!err)
		err = open_account(ue, error);
	if (err && error->len == 0)
		ms_buf_printf(error, "SIP: %s", strerror(-err));
	return err;
}

int ms_ue_open(struct ms_ue *ue, struct ms_buf *error)
{
	int err = ms_ue_keys_open(ue, error);

	if (!err)
		err = open_replay(ue, error);
	if (!err)
		err = init_tls(ue, error);
	if (!err)
		err = open_sip(ue, error);
	return err;
}
