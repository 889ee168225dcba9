/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and the checks it cannot express. */
#include "mgw/config.h"

#include <errno.h>
#include <unistd.h>

#include "h248/bearer.h"
#include "h248/mid.h"
#include "h248/package.h"

#define AT(m) MS_CONFIG_AT(struct ms_mgw_config, m)
#define AT_CONTROLLER(m) MS_CONFIG_AT(struct ms_mgw_controller, m)
#define AT_REALM(m) MS_CONFIG_AT(struct ms_mgw_realm, m)
#define AT_PACKAGE(m) MS_CONFIG_AT(struct ms_mgw_package, m)

static const char *const profile_names[] = { "iq", "ix", "mp", NULL };
static const char *const transport_names[] = { "udp", "tcp", "sctp", NULL };
static const char *const encoding_names[] = { "pretty", "compact", "binary", NULL };
static const char *const version_names[] = { "any", "1.2", "1.3", NULL };

static const struct ms_config_field controller_fields[] = {
	{ "address", MS_CONFIG_ADDR, AT_CONTROLLER(address), .min = 1, .max = 2944,
	  .help = "Address and port of the controller; 2944 if none is given (2945 is usual for binary)." },
	{ "transport", MS_CONFIG_ENUM, AT_CONTROLLER(transport), .value = "udp",
	  .names = transport_names, .help = "udp, tcp (TPKT) or sctp." },
	{ "encoding", MS_CONFIG_ENUM, AT_CONTROLLER(encoding), .value = "pretty",
	  .names = encoding_names, .help = "Text with long tokens, text with short ones, or BER." },
	{ 0 },
};

static const struct ms_config_field package_fields[] = {
	{ "path", MS_CONFIG_TEXT, AT_PACKAGE(path), .value = NULL, .min = 1, .max = 128,
	  .help = "A package or an item of one: tcpbcc, tcpbcc/BNCChange/Type." },
	{ "value", MS_CONFIG_TEXT, AT_PACKAGE(value), .value = NULL, .min = 1, .max = 128,
	  .help = "Its name, its number (0xf089), or both." },
	{ 0 },
};

static const struct ms_config_field h248_fields[] = {
	{ "mid", MS_CONFIG_TEXT, AT(h248.mid), .value = NULL, .min = 1, .max = 128,
	  .help = "Our message identifier: a domain name, agw1.example.net, or an address and port, "
		  "[192.0.2.1]:2944." },
	{ "profile", MS_CONFIG_ENUM, AT(h248.profile), .value = "iq", .names = profile_names,
	  .help = "What we are: iq (IMS-AGW of an IMS-ALG), ix (TrGW of an IBCF), mp (MRFP of an MRFC)." },
	{ "profile_name", MS_CONFIG_TEXT, AT(h248.profile_name), .value = "", .max = 67,
	  .help = "Name and version to register with (Name/1); empty: the project profile's." },
	{ "any_profile", MS_CONFIG_BOOL, AT(h248.any_profile), .value = "false",
	  .help = "A controller that answers with another profile's name is taken all the same." },
	{ "version", MS_CONFIG_UINT, AT(h248.version), .value = "0", .max = 3,
	  .help = "Highest version of H.248 to offer; 0: the profile's." },
	{ "controllers", MS_CONFIG_LIST, AT(h248.controllers), .min = 1, .max = 8,
	  .fields = controller_fields, .item_size = sizeof(struct ms_mgw_controller),
	  .help = "Who may command us, tried in this order." },
	{ "listen", MS_CONFIG_ADDR, AT(h248.listen), .value = "", .max = 2944,
	  .help = "Our address for the control association; empty: any address, a port of the kernel." },
	{ "packages", MS_CONFIG_LIST, AT(h248.packages), .max = 256, .fields = package_fields,
	  .item_size = sizeof(struct ms_mgw_package),
	  .help = "Names and numbers of packages that differ from docs/packages.md." },
	{ "avalanche", MS_CONFIG_TIME, AT(h248.avalanche), .value = "1s", .max = 600000000,
	  .help = "Longest random wait before the first registration (RFC 3525 section 9.2)." },
	{ "retry", MS_CONFIG_TIME, AT(h248.retry), .value = "5s", .min = 100000, .max = 600000000,
	  .help = "Wait when no controller could be reached." },
	{ "hold", MS_CONFIG_TIME, AT(h248.hold), .value = "10m", .max = 86400000000,
	  .help = "How long media go on without a controller; then contexts are released. 0s: for ever." },
	{ "drain", MS_CONFIG_TIME, AT(h248.drain), .value = "60s", .max = 86400000000,
	  .help = "What a graceful ServiceChange names as the time until we go." },
	{ "warm", MS_CONFIG_BOOL, AT(h248.warm), .value = "false",
	  .help = "Register with reason 902 Warm Boot instead of 901 Cold Boot." },
	{ "contexts", MS_CONFIG_UINT, AT(h248.contexts), .value = "100000", .min = 1,
	  .max = 4000000, .help = "Most contexts; more get error 412." },
	{ "terminations", MS_CONFIG_UINT, AT(h248.terminations), .value = "16", .min = 2,
	  .max = 1000, .help = "Most terminations of a context; more get error 434." },
	{ "streams", MS_CONFIG_UINT, AT(h248.streams), .value = "4", .min = 1, .max = 64,
	  .help = "Most streams of a termination; more get error 510." },
	{ "events", MS_CONFIG_UINT, AT(h248.events), .value = "16", .min = 1, .max = 256,
	  .help = "Most events armed at a termination; more get error 510." },
	{ "jobs", MS_CONFIG_UINT, AT(h248.jobs), .value = "10000", .min = 1, .max = 1000000,
	  .help = "Most transactions that wait for media workers; more get error 511." },
	{ "replies", MS_CONFIG_UINT, AT(h248.replies), .value = "100000", .min = 100,
	  .max = 10000000,
	  .help = "Most replies kept for repetition; further requests are left to be repeated." },
	{ "reply_memory", MS_CONFIG_SIZE, AT(h248.reply_memory), .value = "256M", .min = 1048576,
	  .help = "Octets of replies kept; beyond, the oldest are known by their number alone." },
	{ "t_max", MS_CONFIG_TIME, AT(h248.t_max), .value = "25s", .min = 1000000, .max = 600000000,
	  .help = "T-MAX: a controller that does not answer for so long has failed." },
	{ "retransmit_first", MS_CONFIG_TIME, AT(h248.retransmit_first), .value = "200ms",
	  .min = 10000, .max = 60000000,
	  .help = "First repetition of a request over UDP before delays were measured (RFC 3525 "
		  "D.1.3); doubled each time." },
	{ "retransmit_longest", MS_CONFIG_TIME, AT(h248.retransmit_longest), .value = "4s",
	  .min = 10000, .max = 60000000, .help = "Longest time between two repetitions." },
	{ "retransmit_most", MS_CONFIG_UINT, AT(h248.retransmit_most), .value = "11", .min = 1,
	  .max = 1000,
	  .help = "Most repetitions of a request; T-MAX may be over before (RFC 3525 D.1.5)." },
	{ "long_timer", MS_CONFIG_TIME, AT(h248.long_timer), .value = "30s", .min = 1000000,
	  .max = 600000000, .help = "LONG-TIMER: how long replies are kept (RFC 3525 D.1.1)." },
	{ "message_max", MS_CONFIG_SIZE, AT(h248.message_max), .value = "64k", .min = 2048,
	  .max = 16777216, .help = "Longest message taken." },
	{ 0 },
};

static const struct ms_config_field realm_fields[] = {
	{ "name", MS_CONFIG_TEXT, AT_REALM(name), .value = NULL, .min = 1,
	  .max = MS_BEARER_REALM_MAX - 1, .help = "As in ipdc/realm." },
	{ "address", MS_CONFIG_ADDR, AT_REALM(address), .min = 1, .max = 9,
	  .help = "Where media of this realm arrive; its port is not used. A realm may stand here "
		  "twice, with an IPv4 and an IPv6 address." },
	{ "port_min", MS_CONFIG_UINT, AT_REALM(port_min), .value = NULL, .min = 1, .max = 65535,
	  .help = "First port of the pool." },
	{ "port_max", MS_CONFIG_UINT, AT_REALM(port_max), .value = NULL, .min = 1, .max = 65535,
	  .help = "Last port of the pool." },
	{ 0 },
};

static const struct ms_config_field media_fields[] = {
	{ "workers", MS_CONFIG_UINT, AT(media.workers), .value = "0", .max = MS_MGW_WORKERS_MAX,
	  .help = "Media workers; 0: one a core. The limits below are of each of them." },
	{ "read_size", MS_CONFIG_SIZE, AT(media.read_size), .value = "128k", .min = 16384,
	  .max = 1048576, .help = "Octets read from a connection at once." },
	{ "waiting_max", MS_CONFIG_SIZE, AT(media.waiting_max), .value = "256k", .min = 16384,
	  .max = 16777216,
	  .help = "Octets that may wait for one peer; then its partner is not read. At least twice "
		  "read_size, whatever is given." },
	{ "memory_max", MS_CONFIG_SIZE, AT(media.memory_max), .value = "64M", .min = 1048576,
	  .help = "Octets that may wait for all peers together." },
	{ "endpoints", MS_CONFIG_UINT, AT(media.endpoints), .value = "65536", .min = 2,
	  .max = 4000000, .help = "Most stream endpoints; more get error 510." },
	{ "half_open", MS_CONFIG_UINT, AT(media.half_open), .value = "16384", .min = 1,
	  .max = 4000000, .help = "Most connections in the midst of TCP or TLS establishment." },
	{ "handshakes", MS_CONFIG_UINT, AT(media.handshakes), .value = "0", .max = 1000000,
	  .help = "TLS handshakes a second; more are refused. 0: no limit." },
	{ "handshakes_burst", MS_CONFIG_UINT, AT(media.handshakes_burst), .value = "0",
	  .max = 1000000, .help = "TLS handshakes that may come at once; 0: those of a second." },
	{ "round_budget", MS_CONFIG_TIME, AT(media.round_budget), .value = "100us", .min = 10,
	  .max = 1000000,
	  .help = "Time given to handshakes before relayed octets have their turn; up to ten times as "
		  "much where those take long." },
	{ "finish_limit", MS_CONFIG_TIME, AT(media.finish_limit), .value = "10s", .min = 100000,
	  .max = 3600000000, .help = "How long a peer has to close its side after the other did." },
	{ "tcp_limit", MS_CONFIG_TIME, AT(media.tcp_limit), .value = "0s", .max = 600000000,
	  .help = "TCP establishment, where the controller names no time; 0s: the project profile's." },
	{ "tls_limit", MS_CONFIG_TIME, AT(media.tls_limit), .value = "0s", .max = 600000000,
	  .help = "TLS establishment, likewise." },
	{ "certificate_rotate", MS_CONFIG_TIME, AT(media.certificate_rotate), .value = "0s",
	  .max = 31536000000000,
	  .help = "Age at which a worker makes itself a new certificate; 0s: half of "
		  "profile.certificate_days." },
	{ "anonymous_clients", MS_CONFIG_BOOL, AT(media.anonymous_clients), .value = "false",
	  .help = "TLS servers ask for no certificate: peers are not verified. For laboratories." },
	{ "versions", MS_CONFIG_ENUM, AT(media.versions), .value = "any", .names = version_names,
	  .help = "Versions of TLS with certificates: any (1.2 and 1.3), 1.2, 1.3." },
	{ "keylog", MS_CONFIG_TEXT, AT(media.keylog), .value = "",
	  .help = "File for the secrets of all TLS sessions, for Wireshark. FOR LABORATORIES ONLY." },
	{ 0 },
};

static const struct ms_config_field hep_fields[] = {
	{ "address", MS_CONFIG_ADDR, AT(hep.address), .value = "", .max = 9060,
	  .help = "Where to send HEPv3 packets (HOMER, mediasec trace); empty: nowhere." },
	{ "id", MS_CONFIG_UINT, AT(hep.id), .value = "0", .max = UINT32_MAX,
	  .help = "Our capture agent number." },
	{ "password_file", MS_CONFIG_TEXT, AT(hep.password_file), .value = "",
	  .help = "File with the authentication key; empty: none." },
	{ 0 },
};

const struct ms_config_field ms_mgw_config_fields[] = {
	MS_DAEMON_CONFIG(struct ms_mgw_config, daemon),
	MS_PROFILE_CONFIG(struct ms_mgw_config, profile),
	{ "h248", MS_CONFIG_MAP, 0, .fields = h248_fields, .help = "The control association." },
	{ "realms", MS_CONFIG_LIST, AT(realms), .min = 1, .max = 64, .fields = realm_fields,
	  .item_size = sizeof(struct ms_mgw_realm),
	  .help = "Networks and their addresses; the first is used where a controller names none." },
	{ "media", MS_CONFIG_MAP, 0, .fields = media_fields, .help = "The media workers." },
	{ "hep", MS_CONFIG_MAP, 0, .fields = hep_fields,
	  .help = "Export of what passes to a capture server." },
	{ "metrics", MS_CONFIG_ADDR, AT(metrics), .value = "",
	  .help = "Address of GET /metrics for Prometheus; empty: none." },
	{ 0 },
};

/* ---- checks ---- */

/* It is part of termination ids (RFC 3525 annex B, NAME). */
static bool is_name(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == 0;
}

static int check_realm(const struct ms_config *c, const struct ms_mgw_realm *r, size_t i,
		       struct ms_config_error *ret_error)
{
	char key[64];

	if (!is_name(r->name)) {
		snprintf(key, sizeof(key), "realms[%zu].name", i);
		return ms_config_complain(c, key, ret_error,
					  "not of letters, digits and '_' alone");
	}
	if (r->port_min <= r->port_max)
		return 0;
	snprintf(key, sizeof(key), "realms[%zu].port_max", i);
	return ms_config_complain(c, key, ret_error, "smaller than port_min");
}

/* Two pools over the same ports would hand out each of them twice. */
static int check_overlap(const struct ms_config *c, const struct ms_mgw_realm *r, size_t i,
			 struct ms_config_error *ret_error)
{
	char key[64];

	for (size_t k = 0; k < i; k++) {
		if (!ms_addr_same_host(&r[k].address, &r[i].address) ||
		    r[k].port_max < r[i].port_min || r[i].port_max < r[k].port_min)
			continue;
		snprintf(key, sizeof(key), "realms[%zu].port_min", i);
		return ms_config_complain(c, key, ret_error,
					  "the ports are those of realm '%s' too", r[k].name);
	}
	return 0;
}

static int check_packages(const struct ms_config *c, const struct ms_config_list *list,
			  struct ms_config_error *ret_error)
{
	const struct ms_mgw_package *p = list->items;
	struct ms_h248_registry r;
	char key[64];

	ms_h248_registry_init(&r);
	for (size_t i = 0; i < list->n; i++) {
		int err = ms_h248_registry_set(&r, ms_span_str(p[i].path), ms_span_str(p[i].value));

		if (err == 0)
			continue;
		snprintf(key, sizeof(key), "h248.packages[%zu].%s", i,
			 err == -ENOENT ? "path" : "value");
		return ms_config_complain(c, key, ret_error, "%s", ms_h248_registry_words(err));
	}
	return 0;
}

static int check_h248(const struct ms_config *c, const struct ms_mgw_config *m,
		      struct ms_config_error *ret_error)
{
	struct ms_h248_mid mid;

	if (ms_h248_mid_parse(ms_span_str(m->h248.mid), &mid))
		return ms_config_complain(c, "h248.mid", ret_error, "not a message identifier");
	if (m->h248.long_timer < m->h248.t_max)
		return ms_config_complain(c, "h248.long_timer", ret_error,
					  "shorter than t_max (RFC 3525 D.1.5)");
	return check_packages(c, &m->h248.packages, ret_error);
}

int ms_mgw_config_check(const struct ms_config *c, struct ms_config_error *ret_error)
{
	const struct ms_mgw_config *m = ms_config_values(c);
	const struct ms_mgw_realm *r = m->realms.items;
	int err = check_h248(c, m, ret_error);

	for (size_t i = 0; err == 0 && i < m->realms.n; i++) {
		err = check_realm(c, &r[i], i, ret_error);
		if (err == 0)
			err = check_overlap(c, r, i, ret_error);
	}
	return err;
}

unsigned ms_mgw_workers(const struct ms_mgw_config *c)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t n = c->media.workers ? c->media.workers : cores > 0 ? (uint64_t)cores : 1;

	return n > MS_MGW_WORKERS_MAX ? MS_MGW_WORKERS_MAX : (unsigned)n;
}
