/* SPDX-License-Identifier: Apache-2.0 */
/* The sections `h248:` and `media:`. See gateways-config.h. */
#include "border/gateways-config.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "h248/mid.h"
#include "h248/package.h"

#define AT(m) MS_CONFIG_AT(struct ms_border_h248_config, m)
#define MEDIA_AT(m) MS_CONFIG_AT(struct ms_border_media_config, m)
#define LISTEN_AT(m) MS_CONFIG_AT(struct ms_border_h248_listen, m)
#define GATEWAY_AT(m) MS_CONFIG_AT(struct ms_border_gateway, m)
#define PACKAGE_AT(m) MS_CONFIG_AT(struct ms_border_package, m)

static const char *const transport_names[] = { "udp", "tcp", "sctp", NULL };
static const char *const encoding_names[] = { "pretty", "compact", "binary", NULL };
static const char *const when_names[] = { "never", "nat", "always", NULL };
static const char *const msrp_names[] = { "b2bua", "sessmatch", "refuse", NULL };
static const char *const direction_names[] = { "keep", "needed", "free", NULL };

static const struct ms_config_field listen_fields[] = {
	{ "address", MS_CONFIG_ADDR, LISTEN_AT(address), .min = 1, .max = 2944,
	  .help = "Address and port; 2944 if none is given (2945 is usual for binary)." },
	{ "transport", MS_CONFIG_ENUM, LISTEN_AT(transport), .value = "udp",
	  .names = transport_names, .help = "udp, tcp (TPKT) or sctp." },
	{ "encoding", MS_CONFIG_ENUM, LISTEN_AT(encoding), .value = "pretty",
	  .names = encoding_names, .help = "Text with long tokens, text with short ones, or BER." },
	{ 0 },
};

static const struct ms_config_field gateway_fields[] = {
	{ "name", MS_CONFIG_TEXT, GATEWAY_AT(name), .value = NULL, .min = 1, .max = 60,
	  .help = "Message identifier it registers with: agw1.example.net, [192.0.2.1]:2944." },
	{ "weight", MS_CONFIG_UINT, GATEWAY_AT(weight), .value = "1", .max = 1000,
	  .help = "Its share of new calls; 0: none." },
	{ "realms", MS_CONFIG_TEXT, GATEWAY_AT(realms), .value = "", .max = 512,
	  .help = "Realms it has, separated by blanks; empty: any it is asked for." },
	{ "address", MS_CONFIG_ADDR, GATEWAY_AT(address), .value = "", .max = 2944,
	  .help = "Where it listens (UDP): so it is found after a restart of ours without waiting "
		  "for it, and nobody is heard at another host in its name. Empty: it comes to us." },
	{ "encoding", MS_CONFIG_ENUM, GATEWAY_AT(encoding), .value = "pretty",
	  .names = encoding_names, .help = "Used with `address`." },
	{ 0 },
};

static const struct ms_config_field package_fields[] = {
	{ "path", MS_CONFIG_TEXT, PACKAGE_AT(path), .value = NULL, .min = 1, .max = 128,
	  .help = "A package or an item of one: tcpbcc, tcpbcc/BNCChange/Type." },
	{ "value", MS_CONFIG_TEXT, PACKAGE_AT(value), .value = NULL, .min = 1, .max = 128,
	  .help = "Its name, its number (0xf089), or both." },
	{ 0 },
};

const struct ms_config_field ms_border_h248_fields[] = {
	{ "mid", MS_CONFIG_TEXT, AT(mid), .value = "", .max = 128,
	  .help = "Our message identifier: a domain name, alg1.example.net, or an address and port." },
	{ "listen", MS_CONFIG_LIST, AT(listen), .max = 16, .fields = listen_fields,
	  .item_size = sizeof(struct ms_border_h248_listen), .help = "Where gateways find us." },
	{ "gateways", MS_CONFIG_LIST, AT(gateways), .max = 256, .fields = gateway_fields,
	  .item_size = sizeof(struct ms_border_gateway),
	  .help = "Gateways that may register; others are not listened to. None: media pass "
		  "untouched." },
	{ "packages", MS_CONFIG_LIST, AT(packages), .max = 256, .fields = package_fields,
	  .item_size = sizeof(struct ms_border_package),
	  .help = "Names and numbers of packages that differ from docs/packages.md." },
	{ "any_profile", MS_CONFIG_BOOL, AT(any_profile), .value = "false",
	  .help = "Gateways that register with another profile's name, or none, are taken." },
	{ "version", MS_CONFIG_UINT, AT(version), .value = "0", .max = 3,
	  .help = "Highest version of H.248 to agree to; 0: the profile's." },
	{ "heartbeat", MS_CONFIG_TIME, AT(heartbeat), .value = "10s", .min = 100000,
	  .max = 3600000000,
	  .help = "A gateway that is silent for so long is asked (empty audit)." },
	{ "silence", MS_CONFIG_TIME, AT(silence), .value = "30s", .max = 3600000000,
	  .help = "A gateway that hears nothing of us for so long asks (it/ito); 0s: not armed." },
	{ "termination_heartbeat", MS_CONFIG_UINT, AT(termination_heartbeat), .value = "300",
	  .min = 10, .max = 86400,
	  .help = "Seconds after which a gateway asks whether we still know a termination "
		  "(hangterm/thb)." },
	{ "patience", MS_CONFIG_TIME, AT(patience), .value = "0s", .max = 3600000000,
	  .help = "How long calls of a gateway that does not answer wait for its return; 0s: they "
		  "are released at once." },
	{ "t_max", MS_CONFIG_TIME, AT(t_max), .value = "25s", .min = 500000, .max = 600000000,
	  .help = "T-MAX: a gateway that does not answer for so long is lost." },
	{ "retransmit_first", MS_CONFIG_TIME, AT(retransmit_first), .value = "200ms", .min = 10000,
	  .max = 60000000,
	  .help = "First repetition of a request over UDP before delays were measured (RFC 3525 "
		  "D.1.3); doubled each time." },
	{ "retransmit_longest", MS_CONFIG_TIME, AT(retransmit_longest), .value = "4s", .min = 10000,
	  .max = 60000000, .help = "Longest time between two repetitions." },
	{ "retransmit_most", MS_CONFIG_UINT, AT(retransmit_most), .value = "11", .min = 1,
	  .max = 1000,
	  .help = "Most repetitions of a request; T-MAX may be over before (RFC 3525 D.1.5)." },
	{ "long_timer", MS_CONFIG_TIME, AT(long_timer), .value = "30s", .min = 1000000,
	  .max = 600000000, .help = "LONG-TIMER: how long replies are kept (RFC 3525 D.1.1)." },
	{ "contexts", MS_CONFIG_UINT, AT(contexts), .value = "100000", .min = 1, .max = 10000000,
	  .help = "Most contexts at all gateways together; more calls get 503." },
	{ "orders", MS_CONFIG_UINT, AT(orders), .value = "20000", .min = 10, .max = 1000000,
	  .help = "Most requests to gateways without an answer; more calls get 503." },
	{ "message_max", MS_CONFIG_SIZE, AT(message_max), .value = "64k", .min = 2048,
	  .max = 16777216, .help = "Longest message taken or made." },
	{ "replies", MS_CONFIG_UINT, AT(replies), .value = "100000", .min = 100, .max = 10000000,
	  .help = "Most replies kept for repetition, of one gateway." },
	{ "reply_memory", MS_CONFIG_SIZE, AT(reply_memory), .value = "256M", .min = 1048576,
	  .help = "Octets of replies kept, of all gateways together; beyond, the oldest are known by "
		  "their number alone." },
	{ "connections", MS_CONFIG_UINT, AT(connections), .value = "1024", .min = 1, .max = 100000,
	  .help = "Most TCP connections and SCTP associations; more are closed at once." },
	{ "connections_host", MS_CONFIG_UINT, AT(connections_host), .value = "16", .min = 1,
	  .max = 100000, .help = "The same from one host; of IPv6, one /64." },
	{ "first", MS_CONFIG_TIME, AT(first), .value = "10s", .min = 100000, .max = 600000000,
	  .help = "A connection by which no gateway of ours has spoken for so long is closed." },
	{ "state", MS_CONFIG_TEXT, AT(state), .value = "", .max = 255,
	  .help = "File where it is kept which gateways have registered and how, so that they are "
		  "spoken to at once after a restart of ours. Empty: none." },
	{ 0 },
};

const struct ms_config_field ms_border_media_fields[] = {
	{ "access_realm", MS_CONFIG_TEXT, MEDIA_AT(access_realm), .value = "access",
	  .max = MS_BEARER_REALM_MAX - 1, .help = "Realm of the access side (ipdc/realm)." },
	{ "core_realm", MS_CONFIG_TEXT, MEDIA_AT(core_realm), .value = "core",
	  .max = MS_BEARER_REALM_MAX - 1, .help = "Realm of the core side." },
	{ "tls", MS_CONFIG_ENUM, MEDIA_AT(tls), .value = "nat", .names = when_names,
	  .help = "TCP/TLS/x that does not end here goes through the gateway as octets: never, for "
		  "users behind a NAT (between networks: always), always." },
	{ "plain", MS_CONFIG_ENUM, MEDIA_AT(plain), .value = "nat", .names = when_names,
	  .help = "The same of TCP/x." },
	{ "without_cema", MS_CONFIG_ENUM, MEDIA_AT(without_cema), .value = "b2bua",
	  .names = msrp_names,
	  .help = "MSRP whose offer has no msrp-cema: paths changed by the gateway (b2bua), in SDP "
		  "alone (sessmatch), or refused." },
	{ "tcp_direction", MS_CONFIG_ENUM, MEDIA_AT(direction), .value = "needed",
	  .names = direction_names,
	  .help = "May the sides differ in who opens TCP: keep (never), needed (user behind a NAT), "
		  "free." },
	{ "unregistered_e2ae", MS_CONFIG_BOOL, MEDIA_AT(unregistered_e2ae), .value = "true",
	  .help = "Users may ask for e2ae (3ge2ae:requested) without having registered it, as RCS "
		  "clients do." },
	{ "sha1", MS_CONFIG_BOOL, MEDIA_AT(sha1), .value = "false",
	  .help = "A fingerprint by SHA-1 alone is enough." },
	{ "filter", MS_CONFIG_BOOL, MEDIA_AT(filter), .value = "true",
	  .help = "Only the address in the description may connect (gm/saf), but for users behind a "
		  "NAT." },
	{ "inactivity", MS_CONFIG_TIME, MEDIA_AT(inactivity), .value = "0s", .max = 86400000000,
	  .help = "Lines on which nothing passes for so long are reported (adid/ipstop); 0s: none." },
	{ "tcp_limit", MS_CONFIG_TIME, MEDIA_AT(tcp_limit), .value = "0s", .max = 600000000,
	  .help = "Time to establish TCP; 0s: the gateway's." },
	{ "tls_limit", MS_CONFIG_TIME, MEDIA_AT(tls_limit), .value = "0s", .max = 600000000,
	  .help = "Time to establish TLS; 0s: the gateway's." },
	{ "dscp", MS_CONFIG_UINT, MEDIA_AT(dscp), .value = "64", .max = 64,
	  .help = "DiffServ code point of media; 64: none is set." },
	{ "forks", MS_CONFIG_UINT, MEDIA_AT(forks), .value = "8", .min = 1, .max = 64,
	  .help = "Early answers kept of one call." },
	{ 0 },
};

/* ---- gateways: names and realms ---- */

int ms_border_realms_of(const char *text, struct ms_border_realms *ret_r)
{
	struct ms_span rest = ms_span_trim(ms_span_str(text));
	struct ms_border_realms r = { .n = 0 };

	while (rest.len) {
		struct ms_span one = ms_span_cut(&rest, ' ');

		if (!one.len)
			continue;
		if (r.n == MS_MGC_REALMS_MAX)
			return -E2BIG;
		if (ms_span_to_str(one, r.name[r.n++], sizeof(r.name[0])))
			return -ENAMETOOLONG;
	}
	*ret_r = r;
	return 0;
}

int ms_border_gateway_name(const char *text, char ret_name[static MS_MGC_NAME_MAX])
{
	struct ms_h248_mid mid;
	struct ms_buf b;

	if (ms_h248_mid_parse(ms_span_str(text), &mid))
		return -EINVAL;
	ms_buf_init_fixed(&b, ret_name, MS_MGC_NAME_MAX);
	ms_h248_mid_put(&b, &mid);
	(void)ms_buf_cstr(&b);
	return ms_buf_status(&b) ? -EINVAL : 0;
}

static int check_name(const struct ms_config *c, const struct ms_border_gateway *g, size_t i,
		      struct ms_config_error *ret_error)
{
	char name[MS_MGC_NAME_MAX], other[MS_MGC_NAME_MAX], key[64];

	(void)snprintf(key, sizeof(key), "h248.gateways[%zu].name", i);
	if (ms_border_gateway_name(g[i].name, name))
		return ms_config_complain(c, key, ret_error, "not a message identifier");
	for (size_t j = 0; j < i; j++)
		if (!ms_border_gateway_name(g[j].name, other) && strcasecmp(name, other) == 0)
			return ms_config_complain(c, key, ret_error,
						  "the same as of h248.gateways[%zu]", j);
	return 0;
}

static int check_realms(const struct ms_config *c, const struct ms_border_gateway *g, size_t i,
			struct ms_border_realms *ret_r, struct ms_config_error *ret_error)
{
	int err = ms_border_realms_of(g[i].realms, ret_r);
	char key[64];

	(void)snprintf(key, sizeof(key), "h248.gateways[%zu].realms", i);
	if (err == -E2BIG)
		return ms_config_complain(c, key, ret_error, "more than %d realms",
					  MS_MGC_REALMS_MAX);
	if (err)
		return ms_config_complain(c, key, ret_error, "a realm has at most %d characters",
					  MS_BEARER_REALM_MAX - 1);
	return 0;
}

static bool has_realm(const struct ms_border_realms *r, const char *realm)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcasecmp(r->name[i], realm) == 0)
			return true;
	return !r->n || !*realm;
}

/* A misspelt realm would be noticed by the first call only. */
static int check_gateways(const struct ms_config *c, const struct ms_border_h248_config *h,
			  const struct ms_border_media_config *m, struct ms_config_error *ret_error)
{
	const struct ms_border_gateway *g = h->gateways.items;
	struct ms_border_realms r;
	bool fits = false;

	for (size_t i = 0; i < h->gateways.n; i++) {
		int err = check_name(c, g, i, ret_error);

		if (!err)
			err = check_realms(c, g, i, &r, ret_error);
		if (err)
			return err;
		fits = fits || (has_realm(&r, m->access_realm) && has_realm(&r, m->core_realm));
	}
	if (!fits)
		return ms_config_complain(c, "h248.gateways", ret_error,
					  "none has the realms of media, \"%s\" and \"%s\"",
					  m->access_realm, m->core_realm);
	return 0;
}

static int check_packages(const struct ms_config *c, const struct ms_config_list *list,
			  struct ms_config_error *ret_error)
{
	const struct ms_border_package *p = list->items;
	struct ms_h248_registry r;
	char key[64];

	ms_h248_registry_init(&r);
	for (size_t i = 0; i < list->n; i++) {
		int err = ms_h248_registry_set(&r, ms_span_str(p[i].path), ms_span_str(p[i].value));

		if (err == 0)
			continue;
		(void)snprintf(key, sizeof(key), "h248.packages[%zu].%s", i,
			       err == -ENOENT ? "path" : "value");
		return ms_config_complain(c, key, ret_error, "%s", ms_h248_registry_words(err));
	}
	return 0;
}

int ms_border_h248_check(const struct ms_config *c, const struct ms_border_h248_config *h,
			 const struct ms_border_media_config *m, struct ms_config_error *ret_error)
{
	struct ms_h248_mid mid;

	if (!h->gateways.n)
		return 0;
	if (ms_h248_mid_parse(ms_span_str(h->mid), &mid))
		return ms_config_complain(c, "h248.mid", ret_error, "not a message identifier");
	if (!h->listen.n)
		return ms_config_complain(c, "h248.listen", ret_error,
					  "gateways need a port to register at");
	int err = check_packages(c, &h->packages, ret_error);

	return err ? err : check_gateways(c, h, m, ret_error);
}

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

/* Between networks nobody is behind a NAT of ours: there the default means always. */
static enum ms_anchor_when when(unsigned configured, enum ms_anchor_role role)
{
	if (role == MS_ANCHOR_IBCF && configured == MS_ANCHOR_NAT)
		return MS_ANCHOR_ALWAYS;
	return (enum ms_anchor_when)configured;
}

struct ms_anchor_policy ms_border_policy(const struct ms_border_media_config *m,
					 enum ms_anchor_role role, bool msrp, bool bfcp,
					 size_t sessions)
{
	return (struct ms_anchor_policy){
		.role = role,
		.msrp = msrp,
		.bfcp = bfcp,
		.unregistered = m->unregistered_e2ae,
		.tls = when(m->tls, role),
		.plain = when(m->plain, role),
		.without_cema = (enum ms_anchor_msrp)m->without_cema,
		.direction = (enum ms_anchor_direction)m->direction,
		.sha1 = m->sha1,
		.filter = m->filter,
		.inactivity_s = (uint32_t)(m->inactivity / MS_SEC),
		.tcp_ms = (uint32_t)(m->tcp_limit / MS_MSEC),
		.tls_ms = (uint32_t)(m->tls_limit / MS_MSEC),
		.has_dscp = m->dscp < 64,
		.dscp = (uint8_t)m->dscp,
		.realm = { given(m->access_realm), given(m->core_realm) },
		.max_sessions = sessions,
		.max_forks = m->forks,
	};
}
