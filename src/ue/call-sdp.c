/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions of sessions: TCP/TLS/MSRP with a=key-mgmt at session level (RFC 4567), the path and
 * CEMA as TS 24.247 section 8.3.1 has them.
 */
#include <errno.h>

#include "core/base64.h"
#include "core/hex.h"
#include "ue/call-priv.h"

#define CS_MAX 16

/* ---- ours ---- */

/* TS 24.247 section 8.3.1: an authority that is no valid address, and a session-id of our own. */
static int make_uri(struct ms_ue_call *c)
{
	uint8_t random[16];
	struct ms_buf id, uri, host;
	char id_text[33], host_text[48];
	int err = ms_random_fill(&ms_random_system, random, sizeof(random));

	if (err)
		return err;
	ms_buf_init_fixed(&id, id_text, sizeof(id_text));
	ms_hex_encode(&id, ms_span_of(random, 12));
	ms_buf_init_fixed(&host, host_text, sizeof(host_text));
	ms_hex_encode(&host, ms_span_of(random + 12, 4));
	ms_buf_put_str(&host, ".invalid");
	ms_buf_init_fixed(&uri, c->own_uri, sizeof(c->own_uri) - 1);
	ms_msrp_uri_put(&uri, ms_ue_call_is_tls(c), ms_buf_span(&host), c->port ? c->port : 9,
			ms_buf_span(&id));
	return ms_buf_status(&uri);
}

int ms_ue_call_open_port(struct ms_ue_call *c, bool reachable)
{
	const struct ms_ue_config *config = c->ue->settings->config;
	int err = 0;

	if (reachable)
		err = ms_ue_media_listen(c->media, &c->ue->media, (uint16_t)config->media.port_min,
					 (uint16_t)config->media.port_max, &c->port);
	return err ? err : make_uri(c);
}

static void session_info(struct ms_ue_call *c, char host[static MS_ADDR_TEXT_MAX],
			 struct ms_sdp_session_info *ret_info)
{
	if (c->sdp_id == 0)
		c->sdp_id = (uint64_t)ms_clock_wall();
	*ret_info = (struct ms_sdp_session_info){
		.session_id = c->sdp_id,
		.version = ++c->sdp_version,
		.address = { .ipv6 = ms_addr_family(&c->ue->media) == AF_INET6,
			     .address = ms_span_str(ms_addr_print_host(&c->ue->media, host)) },
	};
}

static struct ms_sdp_line_spec line_spec(const struct ms_ue_call *c, enum ms_sdp_setup setup)
{
	const struct ms_ue_config *config = c->ue->settings->config;

	return (struct ms_sdp_line_spec){
		.tls = ms_ue_call_is_tls(c),
		.port = c->port ? c->port : 9,
		.path = ms_span_str(c->own_uri),
		.accept_types = c->file ? MS_SPAN_LIT("*") : MS_SPAN_LIT(MS_UE_CHAT_TYPES),
		.max_size = c->file ? UINT64_MAX : config->media.collect,
		.setup = setup,
		.direction = !c->file                      ? MS_SDP_SENDRECV
			     : ms_ue_file_sending(c->file) ? MS_SDP_SENDONLY
							   : MS_SDP_RECVONLY,
	};
}

#define FILE_ATTRS 4

/* Attributes beyond those of every MSRP line. */
static int add_attributes(const struct ms_ue_call *c, bool answer, struct ms_buf *text,
			  struct ms_sdp_attr_value v[static FILE_ATTRS + MS_UE_E2AE_ATTRS],
			  struct ms_sdp_line_spec *line)
{
	int err = 0;

	line->attrs = v;
	if (c->file)
		err = ms_ue_file_attributes(c->file, answer, text, v, &line->n_attrs);
	if (!err)
		ms_ue_call_e2ae_attributes(c, !answer, v + line->n_attrs, &line->n_attrs);
	return err;
}

static int add_line(const struct ms_ue_call *c, bool answer, enum ms_sdp_setup setup,
		    struct ms_buf *text,
		    struct ms_sdp_attr_value v[static FILE_ATTRS + MS_UE_E2AE_ATTRS],
		    struct ms_sdp_line_spec *line)
{
	if (!c->is_bfcp)
		return add_attributes(c, answer, text, v, line);
	ms_ue_call_put_bfcp_line(c, !answer, setup, text);
	line->verbatim = ms_buf_span(text);
	return ms_buf_status(text);
}

int ms_ue_call_put_offer(struct ms_ue_call *c, enum ms_sdp_setup setup, struct ms_span key_mgmt,
			 struct ms_buf *b)
{
	struct ms_sdp_line_spec line = line_spec(c, setup);
	struct ms_sdp_session_info info;
	struct ms_sdp_attr_value attrs[FILE_ATTRS + MS_UE_E2AE_ATTRS];
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	char host[MS_ADDR_TEXT_MAX];
	int err;

	ms_buf_init(&text, 4096);
	session_info(c, host, &info);
	err = add_line(c, false, setup, &text, attrs, &line);
	return err ? err : ms_sdp_offer(b, &info, key_mgmt, &line, 1);
}

int ms_ue_call_put_answer(struct ms_ue_call *c, const struct ms_sdp *offer, enum ms_sdp_setup setup,
			  struct ms_span key_mgmt, struct ms_buf *b, struct ms_fault *f)
{
	struct ms_sdp_answer_line lines[32] = { 0 };
	struct ms_sdp_line_spec *line = &lines[c->line].line;
	struct ms_sdp_session_info info;
	struct ms_sdp_attr_value attrs[FILE_ATTRS + MS_UE_E2AE_ATTRS];
	MS_CLEANUP(ms_buf_done) struct ms_buf text;
	char host[MS_ADDR_TEXT_MAX];
	bool at_media = c->key_level == MS_SDP_LEVEL_MEDIA;
	int err;

	ms_buf_init(&text, 4096);
	session_info(c, host, &info);
	*line = line_spec(c, setup);
	lines[c->line].accept = true; /* all others get port 0: RTP, further MSRP lines */
	if (at_media)
		line->key_mgmt = key_mgmt;
	err = add_line(c, true, setup, &text, attrs, line);
	if (err)
		return err;
	return ms_sdp_answer(b, &info, offer, at_media ? MS_SPAN_NULL : key_mgmt, lines,
			     c->line + 1, f);
}

void ms_ue_call_put_refusal(struct ms_ue_call *c, struct ms_span error, struct ms_buf *b)
{
	struct ms_sdp_session_info info;
	char host[MS_ADDR_TEXT_MAX];
	int err;

	session_info(c, host, &info);
	err = ms_sdp_answer(b, &info, &c->offer, error, NULL, 0, NULL);
	if (err)
		ms_buf_fail(b, err);
}

/* ---- theirs ---- */

static int read_address(const struct ms_sdp_media *m, struct ms_addr *ret_a)
{
	char host[MS_ADDR_TEXT_MAX];

	if (ms_span_to_str(m->connection.address, host, sizeof(host)) ||
	    ms_addr_parse(ms_span_str(host), 0, ret_a))
		return -EINVAL;
	ms_addr_set_port(ret_a, m->port);
	return 0;
}

static int check_cema(const struct ms_sdp_media *m, const struct ms_sdp_msrp *msrp, bool is_answer,
		      struct ms_fault *f)
{
	enum ms_sdp_cema cema =
		is_answer ? ms_sdp_cema_answer(m, msrp) : ms_sdp_cema_offer(m, msrp);

	/* Never fall back to a middlebox that ends TLS: it would not be the peer we have a key with. */
	if (cema == MS_SDP_CEMA_REJECT || cema == MS_SDP_CEMA_REOFFER)
		return ms_fault_set(f, -EPROTO, 488, "cema_middlebox", 0);
	return 0;
}

int ms_ue_call_read_line(struct ms_ue_call *c, const struct ms_sdp_media *m, bool is_answer,
			 struct ms_fault *f)
{
	struct ms_ue_peer_line *there = &c->there;
	struct ms_sdp_msrp msrp;
	int err;

	if (read_address(m, &there->address))
		return ms_fault_set(f, -EPROTO, 488, "media_address", 0);
	if (c->is_bfcp)
		return ms_ue_call_read_bfcp_line(c, m, is_answer, f);
	err = ms_sdp_msrp_read(m, f, &msrp);
	if (!err)
		err = check_cema(m, &msrp, is_answer, f);
	if (err)
		return err;
	ms_buf_reset(&there->path);
	ms_buf_reset(&there->accept_types);
	ms_buf_put_span(&there->path, msrp.path);
	ms_buf_put_span(&there->accept_types, msrp.accept_types);
	there->max_size = msrp.max_size;
	there->setup = m->setup;
	return ms_buf_status(&there->path) || ms_buf_status(&there->accept_types) ? -ENOMEM : 0;
}

int ms_ue_call_key_mgmt(const struct ms_sdp *sdp, size_t line, struct ms_buf *octets,
			enum ms_sdp_level *ret_level)
{
	struct ms_span data;
	enum ms_sdp_level level = ms_sdp_keymgmt_find(sdp, line, "mikey", &data);

	if (level == MS_SDP_LEVEL_NONE)
		return -ENOENT;
	if (ms_base64_decode(octets, data, false) || octets->len == 0)
		return -EBADMSG;
	*ret_level = level;
	return 0;
}

int ms_ue_call_cs_id(const struct ms_ue_call *c, uint8_t *ret_id)
{
	struct ms_sdp_crypto_session cs[CS_MAX];
	size_t n = 0, media = c->key_level == MS_SDP_LEVEL_MEDIA ? c->line : SIZE_MAX;

	if (ms_sdp_crypto_sessions(&c->offer, media, cs, CS_MAX, &n))
		return -EPROTO;
	for (size_t i = 0; i < n; i++) {
		if (cs[i].media == c->line && cs[i].count == 1) {
			*ret_id = cs[i].first_id;
			return 0;
		}
	}
	return -EPROTO;
}

int ms_ue_call_take_keys(struct ms_ue_call *c, const struct ms_mikey_csb *csb, struct ms_fault *f)
{
	const struct ms_mikey_traffic *t;
	uint8_t cs_id;

	if (ms_ue_call_cs_id(c, &cs_id))
		return ms_fault_set(f, -EPROTO, MS_MIKEY_ERR_SP, "crypto_session_missing", 0);
	t = ms_mikey_csb_traffic(csb, cs_id);
	if (!t || t->prot_type != c->ue->settings->config->profile.prot_type_tls)
		return ms_fault_set(f, -EPROTO, MS_MIKEY_ERR_SP, "crypto_session_missing", 0);
	if (!ms_mikey_csb_peer_proven(csb) ||
	    ms_keys_identity_parse(ms_mikey_csb_peer(csb).data, &c->peer))
		return ms_fault_set(f, -EPERM, MS_MIKEY_ERR_ID, "peer_not_proven", 0);
	return ms_secret_set(&c->psk, ms_secret_span(&t->tek));
}
