/* SPDX-License-Identifier: Apache-2.0 */
/* The section `sip:`. See config.h. */
#include "border/config.h"

#include <errno.h>

#define AT(m) MS_CONFIG_AT(struct ms_border_sip_config, m)
#define LISTEN_AT(m) MS_CONFIG_AT(struct ms_border_listen, m)

static const char *const side_names[] = { "access", "core", NULL };
static const char *const transport_names[] = { "udp", "tcp", "tls", NULL };

static const struct ms_config_field listen_fields[] = {
	{ "side", MS_CONFIG_ENUM, LISTEN_AT(side), .names = side_names,
	  .help = "access: users (of an IBCF: the other networks); core: our own network." },
	{ "transport", MS_CONFIG_ENUM, LISTEN_AT(transport), .value = "udp",
	  .names = transport_names, .help = "udp, tcp or tls." },
	{ "address", MS_CONFIG_ADDR, LISTEN_AT(address), .min = 1, .max = 5060,
	  .help = "Address and port; not 0.0.0.0 or [::] unless `advertised` is given." },
	{ "advertised", MS_CONFIG_TEXT, LISTEN_AT(advertised), .value = "", .max = 255,
	  .help = "Host that stands in Via, Path and Record-Route; empty: the address." },
	{ 0 },
};

const struct ms_config_field ms_border_sip_fields[] = {
	{ "listen", MS_CONFIG_LIST, AT(listen), .min = 2, .max = MS_SIP_POINTS_MAX,
	  .fields = listen_fields, .item_size = sizeof(struct ms_border_listen),
	  .help = "Listening points, at least one of each side." },
	{ "core", MS_CONFIG_ADDR, AT(core), .min = 1, .max = 5060,
	  .help = "Where requests to the core go whose next hop is a name: names are not looked up." },
	{ "core_transport", MS_CONFIG_ENUM, AT(core_transport), .value = "udp",
	  .names = transport_names, .help = "How." },
	{ "access", MS_CONFIG_ADDR, AT(access), .value = "", .max = 5060,
	  .help = "The same for requests to the access side; empty: those are refused." },
	{ "access_transport", MS_CONFIG_ENUM, AT(access_transport), .value = "udp",
	  .names = transport_names, .help = "How." },
	{ "certificate", MS_CONFIG_TEXT, AT(certificate), .value = "",
	  .help = "PEM file with certificate chain and key; needed for TLS points." },
	{ "ca", MS_CONFIG_TEXT, AT(ca), .value = "",
	  .help = "PEM file of who signs the servers we connect to by TLS; empty: we do not." },
	{ "peer_name", MS_CONFIG_TEXT, AT(peer_name), .value = "", .max = 255,
	  .help = "Name or address that stands in those servers' certificate." },
	{ "token_key", MS_CONFIG_TEXT, AT(token_key), .value = "",
	  .help = "File (mode 0600) with at least 16 octets: the key of the tokens in Path and "
		  "Record-Route. Empty: a random one, so users have to register after a restart." },
	{ "state", MS_CONFIG_TEXT, AT(state), .value = "",
	  .help = "File in which calls are kept, so that they are known after a restart; empty: none." },
	{ "requests", MS_CONFIG_UINT, AT(requests), .value = "20000", .min = 1, .max = 1000000,
	  .help = "Requests on their way at once, or answered in the last 32 s; more get 503. Inside "
		  "dialogs twice as many." },
	{ "requests_host", MS_CONFIG_UINT, AT(requests_host), .value = "2000", .min = 1,
	  .max = 1000000, .help = "Of these, from one address of the access side." },
	{ "streams", MS_CONFIG_UINT, AT(streams), .value = "20000", .min = 1, .max = 1000000,
	  .help = "Connections open at once; more are closed." },
	{ "streams_host", MS_CONFIG_UINT, AT(streams_host), .value = "1000", .min = 1,
	  .max = 1000000, .help = "Of these, from one address." },
	{ "message", MS_CONFIG_SIZE, AT(message), .value = "64k", .min = 4096, .max = 1048576,
	  .help = "Longest message; longer ones get 413 and their connection is closed." },
	{ "queue", MS_CONFIG_SIZE, AT(queue), .value = "256k", .min = 65536, .max = 16777216,
	  .help = "What may wait for a peer that does not read." },
	{ "udp_max", MS_CONFIG_SIZE, AT(udp_max), .value = "1300", .min = 512, .max = 65535,
	  .help = "Requests longer than this go by TCP where the next hop has it." },
	{ "idle", MS_CONFIG_TIME, AT(idle), .value = "2h", .min = 1000000, .max = 604800000000,
	  .help = "Connections on which nothing comes are closed after this." },
	{ "first", MS_CONFIG_TIME, AT(first), .value = "30s", .min = 100000, .max = 600000000,
	  .help = "How long a new connection may take until its first whole message." },
	{ "timer_c", MS_CONFIG_TIME, AT(timer_c), .value = "185s", .min = 1000000,
	  .max = 3600000000, .help = "How long a call may ring (RFC 3261 timer C)." },
	{ "decision", MS_CONFIG_TIME, AT(decision), .value = "40s", .min = 1000000,
	  .max = 600000000, .help = "How long a message may wait for the gateway." },
	{ "release_wait", MS_CONFIG_TIME, AT(release_wait), .value = "4s", .max = 600000000,
	  .help = "How long a stop waits for the answers to the BYEs it sends." },
	{ "sessions", MS_CONFIG_UINT, AT(sessions), .value = "20000", .min = 1, .max = 10000000,
	  .help = "Calls at a time; more get 503." },
	{ "forks", MS_CONFIG_UINT, AT(forks), .value = "32", .min = 1, .max = 10000,
	  .help = "Dialogs that one call may have before it is answered; the oldest are forgotten." },
	{ "session_limit", MS_CONFIG_TIME, AT(session_limit), .value = "0s", .max = 604800000000,
	  .help = "Longest call that has no session timer (RFC 4028); 0s: no limit." },
	{ 0 },
};

static bool has_side(const struct ms_border_sip_config *s, enum ms_sip_side side)
{
	const struct ms_border_listen *l = s->listen.items;

	for (size_t i = 0; i < s->listen.n; i++)
		if (l[i].side == (unsigned)side)
			return true;
	return false;
}

static bool uses_tls(const struct ms_border_sip_config *s)
{
	const struct ms_border_listen *l = s->listen.items;

	for (size_t i = 0; i < s->listen.n; i++)
		if (l[i].transport == MS_SIP_TLS)
			return true;
	return false;
}

int ms_border_sip_check(const struct ms_config *c, const struct ms_border_sip_config *s,
			struct ms_config_error *ret_error)
{
	if (!has_side(s, MS_SIP_ACCESS) || !has_side(s, MS_SIP_CORE))
		return ms_config_complain(c, "sip.listen", ret_error,
					  "each side needs at least one point");
	if (uses_tls(s) && !*s->certificate)
		return ms_config_complain(c, "sip.certificate", ret_error, "missing for TLS");
	if (!*s->ca != !*s->peer_name)
		return ms_config_complain(c, "sip.peer_name", ret_error,
					  "ca and peer_name come together");
	return 0;
}

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

struct ms_sip_proxy_config ms_border_proxy_config(const struct ms_border_sip_config *s,
						  struct ms_sip_point *points)
{
	const struct ms_border_listen *l = s->listen.items;

	for (size_t i = 0; i < s->listen.n; i++)
		points[i] = (struct ms_sip_point){ .side = l[i].side,
						   .transport = l[i].transport,
						   .address = l[i].address,
						   .advertised = given(l[i].advertised) };
	return (struct ms_sip_proxy_config){
		.points = points,
		.n_points = s->listen.n,
		.tls = { given(s->certificate), given(s->ca), given(s->peer_name) },
		.limits = { .exchanges = s->requests,
			    .per_source = s->requests_host,
			    .streams = s->streams,
			    .streams_host = s->streams_host,
			    .message = s->message,
			    .queue = s->queue,
			    .udp = s->udp_max,
			    .idle = s->idle,
			    .first = s->first,
			    .timer_c = s->timer_c,
			    .decision = s->decision },
		.next_hop = { s->access, s->core },
		.next_transport = { s->access_transport, s->core_transport },
	};
}
