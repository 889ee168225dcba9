/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and the checks it cannot express. */
#include "list/config.h"

#include <errno.h>

#define AT(m) MS_CONFIG_AT(struct ms_lists_config, m)
#define LISTEN_AT(m) MS_CONFIG_AT(struct ms_lists_listen, m)

/* What a member takes in a ticket: its identity and the head of its payload. */
#define RESPONDER_ROOM 40

static const char *const transport_names[] = { "udp", "tcp", "tls", NULL };
static const char *const algorithm_names[] = { "aes-128-gcm", "aes-256-gcm", "aes-128-ccm",
					       "aes-256-ccm", NULL };
static const char *const away_names[] = { "hold", "refuse", NULL };
static const char *const author_names[] = { "cpim", "sip", NULL };

static const struct ms_config_field listen_fields[] = {
	{ "transport", MS_CONFIG_ENUM, LISTEN_AT(transport), .value = "udp",
	  .names = transport_names, .help = "udp, tcp or tls." },
	{ "address", MS_CONFIG_ADDR, LISTEN_AT(address), .min = 1, .max = 5060,
	  .help = "Address and port; not 0.0.0.0 or [::] unless `advertised` is given." },
	{ "advertised", MS_CONFIG_TEXT, LISTEN_AT(advertised), .value = "", .max = 255,
	  .help = "Host that stands in Via; empty: the address." },
	{ 0 },
};

static const struct ms_config_field trusted_item = { .type = MS_CONFIG_ADDR, .min = 1 };

static const struct ms_config_field sip_fields[] = {
	{ "listen", MS_CONFIG_LIST, AT(sip.listen), .min = 1, .max = MS_SIP_POINTS_MAX,
	  .fields = listen_fields, .item_size = sizeof(struct ms_lists_listen),
	  .help = "Listening points." },
	{ "core", MS_CONFIG_ADDR, AT(sip.core), .min = 1, .max = 5060,
	  .help = "The core (S-CSCF or proxy): where requests to members go." },
	{ "core_transport", MS_CONFIG_ENUM, AT(sip.core_transport), .value = "udp",
	  .names = transport_names, .help = "How." },
	{ "trusted", MS_CONFIG_LIST, AT(sip.trusted), .max = 64, .item = &trusted_item,
	  .item_size = sizeof(struct ms_addr),
	  .help = "Further hosts whose requests are taken and whose P-Asserted-Identity is believed "
		  "(ports do not matter); the core is one of them, all others get 403." },
	{ "certificate", MS_CONFIG_TEXT, AT(sip.certificate), .value = "",
	  .help = "PEM file with certificate chain and key; needed for TLS points." },
	{ "ca", MS_CONFIG_TEXT, AT(sip.ca), .value = "",
	  .help = "PEM file of who signs the servers we connect to by TLS; empty: we do not." },
	{ "peer_name", MS_CONFIG_TEXT, AT(sip.peer_name), .value = "", .max = 255,
	  .help = "Name or address that stands in those servers' certificate." },
	{ "requests", MS_CONFIG_UINT, AT(sip.requests), .value = "20000", .min = 1, .max = 1000000,
	  .help = "Requests taken at once, or answered in the last 32 s; more get 503." },
	{ "streams", MS_CONFIG_UINT, AT(sip.streams), .value = "1000", .min = 1, .max = 1000000,
	  .help = "Connections open at once; more are closed." },
	{ "streams_host", MS_CONFIG_UINT, AT(sip.streams_host), .value = "500", .min = 1,
	  .max = 1000000, .help = "Of these, from one address." },
	{ "message", MS_CONFIG_SIZE, AT(sip.message), .value = "128k", .min = 4096, .max = 1048576,
	  .help = "Longest SIP message; longer ones get 413 and their connection is closed." },
	{ "queue", MS_CONFIG_SIZE, AT(sip.queue), .value = "4M", .min = 65536, .max = 16777216,
	  .help = "What may wait for a peer that does not read." },
	{ "udp_max", MS_CONFIG_SIZE, AT(sip.udp_max), .value = "1300", .min = 512, .max = 65535,
	  .help = "Requests longer than this go by TCP (RFC 3261 section 18.1.1)." },
	{ "idle", MS_CONFIG_TIME, AT(sip.idle), .value = "2h", .min = 1000000, .max = 604800000000,
	  .help = "Connections on which nothing comes are closed after this." },
	{ "first", MS_CONFIG_TIME, AT(sip.first), .value = "30s", .min = 100000, .max = 600000000,
	  .help = "How long a new connection may take until its first whole message." },
	{ "decision", MS_CONFIG_TIME, AT(sip.decision), .value = "25s", .min = 1000000,
	  .max = 600000000,
	  .help = "How long a request may wait for keys and disk before it gets 408; senders wait 32 s." },
	{ 0 },
};

static const struct ms_config_field kms_fields[] = {
	{ "url", MS_CONFIG_TEXT, AT(kms.url), .min = 1, .max = 1000,
	  .help = "The key management server: http://host:port or https://host:port." },
	{ "ca", MS_CONFIG_TEXT, AT(kms.ca), .value = "",
	  .help = "PEM file of who signs its certificate; empty: the system's." },
	{ "identity", MS_CONFIG_TEXT, AT(kms.identity), .value = "", .max = 255,
	  .help = "Its identity (IDRkms); empty: left out." },
	{ "psk_id", MS_CONFIG_TEXT, AT(kms.psk_id), .min = 1, .max = 255,
	  .help = "Which key of the key management server is ours: it must own the PSIs of our lists "
		  "(mediasec kms psi add)." },
	{ "psk_file", MS_CONFIG_TEXT, AT(kms.psk_file), .min = 1,
	  .help = "File (mode 0600) with that key, 16 to 64 octets as hex digits." },
	{ "timeout", MS_CONFIG_TIME, AT(kms.timeout), .value = "8s", .min = 100000, .max = 60000000,
	  .help = "How long it may take to answer." },
	{ "away", MS_CONFIG_ENUM, AT(kms.away), .value = "hold", .names = away_names,
	  .help = "While it does not answer: hold messages as they came (202) until it does, or refuse "
		  "them (503)." },
	{ "retry", MS_CONFIG_TIME, AT(kms.retry), .value = "10s", .min = 100000, .max = 3600000000,
	  .help = "How often it is tried again while messages are held." },
	{ "hold", MS_CONFIG_TIME, AT(kms.hold), .value = "12h", .min = 1000000,
	  .max = 31536000000000, .help = "How long messages are held; then they are given up." },
	{ 0 },
};

static const struct ms_config_field ticket_fields[] = {
	{ "lifetime", MS_CONFIG_TIME, AT(tickets.lifetime), .value = "0s", .max = 31536000000000,
	  .help = "Validity of tickets asked for; it bounds how long members may be off line. 0s: "
		  "profile.ticket_lifetime_s." },
	{ "renew_ahead", MS_CONFIG_TIME, AT(tickets.renew_ahead), .value = "10m",
	  .max = 31536000000000,
	  .help = "A ticket used so shortly before its end is renewed ahead of need; 0s: never." },
	{ "max", MS_CONFIG_UINT, AT(tickets.max), .value = "256", .min = 2, .max = 1000000,
	  .help = "Tickets kept in memory for one list, our own and resolved ones each." },
	{ "explicit_max", MS_CONFIG_UINT, AT(tickets.explicit_max), .value = "64", .max = 2048,
	  .help = "Lists of at most so many members have them named in the ticket one by one; larger "
		  "ones use their group PSI, whose members the key management server knows." },
	{ "algorithm", MS_CONFIG_ENUM, AT(tickets.algorithm), .value = "aes-256-gcm",
	  .names = algorithm_names, .help = "Content encryption of what goes to members." },
	{ "group_suffix", MS_CONFIG_TEXT, AT(tickets.group_suffix), .value = "-members", .min = 1,
	  .max = 64,
	  .help = "What stands behind the user part of a list's URI in that of its group PSI, where the "
		  "list itself names none." },
	{ 0 },
};

static const struct ms_config_field store_fields[] = {
	{ "file", MS_CONFIG_TEXT, AT(store.file), .value = "/var/lib/mediasec/list.db", .min = 1,
	  .help = "Database of the lists, created on first start." },
	{ "busy", MS_CONFIG_TIME, AT(store.busy), .value = "2s", .max = 60000000,
	  .help = "How long to wait at start for a database that another process has locked." },
	{ "replay", MS_CONFIG_TEXT, AT(store.replay), .value = "/var/lib/mediasec/list.seen",
	  .min = 1, .help = "File in which is kept which messages were taken." },
	{ "replay_max", MS_CONFIG_UINT, AT(store.replay_max), .value = "200000", .min = 16,
	  .max = 100000000, .help = "How many of them; the oldest are forgotten." },
	{ "offline_limit", MS_CONFIG_TIME, AT(store.offline_limit), .value = "5m", .min = 1000000,
	  .max = 31536000000000,
	  .help = "How old a message may be when it comes, held ones when they came." },
	{ 0 },
};

static const struct ms_config_field limit_fields[] = {
	{ "lists", MS_CONFIG_UINT, AT(limits.lists), .value = "10000", .min = 1, .max = 1000000,
	  .help = "Most lists." },
	{ "members", MS_CONFIG_UINT, AT(limits.members), .value = "10000", .min = 1, .max = 1000000,
	  .help = "Most members of one list." },
	{ "size", MS_CONFIG_SIZE, AT(limits.size), .value = "48k", .min = 512, .max = 524288,
	  .help = "Longest body of a message; longer ones get 413." },
	{ "pending", MS_CONFIG_UINT, AT(limits.pending), .value = "1000", .min = 1, .max = 1000000,
	  .help = "Messages that wait for keys at once; more get 503." },
	{ "rate", MS_CONFIG_UINT, AT(limits.rate), .value = "20000", .max = 100000000,
	  .help = "Deliveries (messages times recipients) a minute that one sender may cause; more get "
		  "480 with Retry-After. 0: no limit." },
	{ "rate_burst", MS_CONFIG_UINT, AT(limits.rate_burst), .value = "0", .max = 100000000,
	  .help = "How many of them may come at once; 0: as many as a minute's. A message to more "
		  "recipients than this is never taken." },
	{ "senders", MS_CONFIG_UINT, AT(limits.senders), .value = "100000", .min = 16,
	  .max = 10000000, .help = "Senders whose rate is remembered." },
	{ 0 },
};

static const struct ms_config_field content_fields[] = {
	{ "author", MS_CONFIG_ENUM, AT(content.author), .value = "cpim", .names = author_names,
	  .help = "Where members find who wrote a message to a list: cpim: in a message/cpim wrapper, by "
		  "the word of the list; sip: in From and P-Asserted-Identity alone, by the word of the "
		  "network at most, for clients that do not read CPIM: the content comes bare." },
	{ 0 },
};

static const struct ms_config_field domain_item = { .type = MS_CONFIG_TEXT, .min = 1, .max = 255 };

static const struct ms_config_field http_fields[] = {
	{ "listen", MS_CONFIG_ADDR, AT(http.listen), .value = "",
	  .help = "Address of the interface that gives and takes lists as RFC 4826 documents: loopback "
		  "or unix:/path, TLS is done in front of it. Empty: none." },
	{ "token_file", MS_CONFIG_TEXT, AT(http.token_file), .value = "",
	  .help = "File (mode 0600) of who may use it: a line each, \"TOKEN sip:owner@domain\" for the "
		  "lists of one owner or \"TOKEN *\" for all; tokens have 16 to 128 characters." },
	{ "metrics", MS_CONFIG_ADDR, AT(http.metrics), .value = "",
	  .help = "Address of GET /metrics for Prometheus; empty: none." },
	{ "body_max", MS_CONFIG_SIZE, AT(http.body_max), .value = "2M", .min = 4096,
	  .max = 67108864, .help = "Longest document; longer ones get 413." },
	{ "connections", MS_CONFIG_UINT, AT(http.connections), .value = "64", .min = 1,
	  .max = 100000, .help = "Connections open at once; more get 503." },
	{ "rate", MS_CONFIG_UINT, AT(http.rate), .value = "50", .max = 1000000,
	  .help = "Requests a second from one address; more get 429; 0: no limit." },
	{ "lists_owner", MS_CONFIG_UINT, AT(http.lists_owner), .value = "100", .max = 1000000,
	  .help = "Lists that one owner may make here." },
	{ "domains", MS_CONFIG_LIST, AT(http.domains), .max = 256, .item = &domain_item,
	  .item_size = sizeof(const char *),
	  .help = "Domains of the lists that owners may make here, so that none takes the URI of a user; "
		  "empty: that of uri_list.service." },
	{ 0 },
};

const struct ms_config_field ms_lists_config_fields[] = {
	MS_DAEMON_CONFIG(struct ms_lists_config, daemon),
	{ "sip", MS_CONFIG_MAP, .fields = sip_fields,
	  .help = "Where SIP is spoken, and how much." },
	{ "kms", MS_CONFIG_MAP, .fields = kms_fields, .help = "The key management server." },
	{ "tickets", MS_CONFIG_MAP, .fields = ticket_fields, .help = "Tickets of the lists." },
	{ "store", MS_CONFIG_MAP, .fields = store_fields, .help = "What is kept on disk." },
	{ "limits", MS_CONFIG_MAP, .fields = limit_fields, .help = "What users can use up." },
	{ "content", MS_CONFIG_MAP, .fields = content_fields, .help = "What members get." },
	{ "delivery", MS_CONFIG_MAP, AT(delivery), .fields = ms_lists_delivery_fields,
	  .help = "How messages go to their recipients, and how long they wait." },
	{ "uri_list", MS_CONFIG_MAP, AT(uri_list), .fields = ms_lists_uri_fields,
	  .help = "Messages that bring their recipients along." },
	{ "http", MS_CONFIG_MAP, .fields = http_fields,
	  .help = "Managing lists over HTTP, and metrics." },
	MS_PROFILE_CONFIG(struct ms_lists_config, profile),
	{ 0 },
};

static bool uses_tls(const struct ms_lists_config *l)
{
	const struct ms_lists_listen *listen = l->sip.listen.items;

	for (size_t i = 0; i < l->sip.listen.n; i++)
		if (listen[i].transport == MS_SIP_TLS)
			return true;
	return false;
}

static int check_sip(const struct ms_config *c, const struct ms_lists_config *l,
		     struct ms_config_error *ret_error)
{
	if (uses_tls(l) && !*l->sip.certificate)
		return ms_config_complain(c, "sip.certificate", ret_error, "missing for TLS");
	if (!*l->sip.ca != !*l->sip.peer_name)
		return ms_config_complain(c, "sip.peer_name", ret_error,
					  "ca and peer_name come together");
	/* Head of the request that carries it to a member, and a ticket that names members. */
	if (l->limits.size + 8192 + RESPONDER_ROOM * l->tickets.explicit_max > l->sip.message)
		return ms_config_complain(c, "limits.size", ret_error,
					  "does not fit into sip.message with 8 KiB of headers and "
					  "%d octets for each of tickets.explicit_max members",
					  RESPONDER_ROOM);
	return 0;
}

int ms_lists_config_check(const struct ms_config *c, struct ms_config_error *ret_error)
{
	const struct ms_lists_config *l = ms_config_values(c);
	int err = check_sip(c, l, ret_error);

	if (err)
		return err;
	if (*l->daemon.chroot_dir)
		return ms_config_complain(c, "daemon.chroot", ret_error,
					  "not here: files are opened while it runs");
	if (ms_addr_is_set(&l->http.listen) && !ms_addr_is_loopback(&l->http.listen))
		return ms_config_complain(
			c, "http.listen", ret_error,
			"tokens go over this in the clear: loopback or unix:/path "
			"only, with TLS in front of it");
	if (ms_addr_is_set(&l->http.listen) && !*l->http.token_file)
		return ms_config_complain(c, "http.token_file", ret_error,
					  "missing for http.listen");
	if (ms_addr_is_set(&l->http.listen) && l->http.domains.n == 0 && !*l->uri_list.service)
		return ms_config_complain(c, "http.domains", ret_error,
					  "missing for http.listen without uri_list.service");
	return 0;
}

static const char *given(const char *text)
{
	return *text ? text : NULL;
}

struct ms_sip_proxy_config ms_lists_proxy_config(const struct ms_lists_config *c,
						 struct ms_sip_point *points)
{
	const struct ms_lists_listen *l = c->sip.listen.items;

	for (size_t i = 0; i < c->sip.listen.n; i++)
		points[i] = (struct ms_sip_point){ .side = MS_SIP_CORE,
						   .transport = l[i].transport,
						   .address = l[i].address,
						   .advertised = given(l[i].advertised) };
	return (struct ms_sip_proxy_config){
		.points = points,
		.n_points = c->sip.listen.n,
		.tls = { given(c->sip.certificate), given(c->sip.ca), given(c->sip.peer_name) },
		.limits = { .exchanges = c->sip.requests,
			    .streams = c->sip.streams,
			    .streams_host = c->sip.streams_host,
			    .message = c->sip.message,
			    .queue = c->sip.queue,
			    .udp = c->sip.udp_max,
			    .idle = c->sip.idle,
			    .first = c->sip.first,
			    .decision = c->sip.decision },
		.next_hop = { [MS_SIP_CORE] = c->sip.core },
		.next_transport = { [MS_SIP_CORE] = c->sip.core_transport },
	};
}
