/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and the checks it cannot express. */
#include "kms/config.h"

#include "mikey/kms.h"

#define AT(m) MS_CONFIG_AT(struct ms_kms_config, m)

static const char *const sync_names[] = { "never", "interval", "batch", NULL };
static const char *const target_names[] = { "none", "file", "syslog", NULL };
static const char *const default_names[] = { "allow", "deny", NULL };

static const struct ms_config_field listen_item = { .type = MS_CONFIG_ADDR, .min = 1 };

static const struct ms_config_field http_fields[] = {
	{ "listen", MS_CONFIG_LIST, AT(http.listen), .min = 1, .max = 8, .item = &listen_item,
	  .item_size = sizeof(struct ms_addr),
	  .help = "Addresses for users (plain HTTP; TLS is done in front of it)." },
	{ "metrics", MS_CONFIG_ADDR, AT(http.metrics), .value = "",
	  .help = "Address of GET /metrics for Prometheus; empty: none." },
	{ "head_max", MS_CONFIG_SIZE, AT(http.head_max), .value = "8k", .min = 1024, .max = 65536,
	  .help = "Longest request line and header fields." },
	{ "body_max", MS_CONFIG_SIZE, AT(http.body_max), .value = "96k", .min = 1024, .max = 131072,
	  .help = "Longest body; longer ones get 413." },
	{ "connections", MS_CONFIG_UINT, AT(http.connections), .value = "4096", .min = 1,
	  .max = 1000000, .help = "Connections open at once; more get 503." },
	{ "per_address", MS_CONFIG_UINT, AT(http.per_address), .value = "256", .min = 1,
	  .max = 1000000, .help = "Connections from one address; more get 503." },
	{ "rate", MS_CONFIG_UINT, AT(http.rate), .value = "0", .max = 1000000,
	  .help = "Requests a second from one address; more get 429; 0: no limit." },
	{ "rate_burst", MS_CONFIG_UINT, AT(http.rate_burst), .value = "0", .max = 1000000,
	  .help = "Requests from one address that may come at once; 0: twice the rate." },
	{ "per_connection", MS_CONFIG_UINT, AT(http.per_connection), .value = "0",
	  .max = UINT32_MAX,
	  .help = "Requests on one connection before it is closed; 0: no limit." },
	{ "in_flight", MS_CONFIG_UINT, AT(http.in_flight), .value = "4096", .min = 1, .max = 65536,
	  .help = "Requests in the vault's queue; more get 503." },
	{ "head_limit", MS_CONFIG_TIME, AT(http.head_limit), .value = "10s", .min = 1000,
	  .max = 600000000, .help = "Longest time for request line and header fields; then 408." },
	{ "body_limit", MS_CONFIG_TIME, AT(http.body_limit), .value = "20s", .min = 1000,
	  .max = 600000000, .help = "Longest time for the body; then 408." },
	{ "idle_limit", MS_CONFIG_TIME, AT(http.idle_limit), .value = "60s", .min = 1000,
	  .max = 86400000000, .help = "Longest time between two requests of a connection." },
	{ "send_limit", MS_CONFIG_TIME, AT(http.send_limit), .value = "20s", .min = 1000,
	  .max = 600000000, .help = "How long a peer may leave its answer unread." },
	{ "answer_limit", MS_CONFIG_TIME, AT(http.answer_limit), .value = "10s", .min = 1000,
	  .max = 600000000, .help = "How long a request waits for the vault; then 503." },
	{ 0 },
};

static const struct ms_config_field vault_fields[] = {
	{ "control", MS_CONFIG_TEXT, AT(vault.control), .value = "/run/mediasec/kms-vault.sock",
	  .min = 1, .max = 100,
	  .help = "Socket of the vault itself: users, keys, policy, revocation." },
	{ "control_group", MS_CONFIG_BOOL, AT(vault.control_group), .value = "false",
	  .help = "The group may use it too (mode 0660 instead of 0600)." },
	{ "store", MS_CONFIG_TEXT, AT(vault.store), .value = "/var/lib/mediasec/kms.db", .min = 1,
	  .help = "Database, created on first start." },
	{ "master_key", MS_CONFIG_TEXT, AT(vault.master), .value = "/etc/mediasec/kms.master",
	  .min = 1,
	  .help = "File of the master key, mode 0600; mediasec-kms --make-master makes it." },
	{ "busy", MS_CONFIG_TIME, AT(vault.busy), .value = "2s", .max = 60000000,
	  .help = "How long to wait at start for a database that another process has locked." },
	{ "max_entries", MS_CONFIG_UINT, AT(vault.max_entries), .value = "4000000", .min = 1,
	  .max = 100000000, .help = "Most users, identities, keys ... of each kind in memory." },
	{ "certificate", MS_CONFIG_TEXT, AT(vault.certificate), .value = "",
	  .help = "PEM file of our certificate, for the public-key variants; empty: not offered." },
	{ "private_key", MS_CONFIG_TEXT, AT(vault.private_key), .value = "",
	  .help = "PEM file of its private key." },
	{ 0 },
};

static const struct ms_config_field replay_fields[] = {
	{ "dir", MS_CONFIG_TEXT, AT(replay.dir), .value = "/var/lib/mediasec/replay", .min = 1,
	  .help = "Directory of the replay journals, ours alone, created if missing." },
	{ "sync", MS_CONFIG_ENUM, AT(replay.sync), .value = "interval", .names = sync_names,
	  .help = "When journals are synced to disk against a loss of power: each batch before "
		  "its answers leave, in intervals, or never. A kill loses nothing in any case." },
	{ "sync_interval", MS_CONFIG_TIME, AT(replay.sync_interval), .value = "1s", .min = 10000,
	  .max = 600000000, .help = "The interval: what a loss of power can make replayable." },
	{ "bucket", MS_CONFIG_TIME, AT(replay.bucket), .value = "60s", .min = 1000000,
	  .max = 3600000000, .help = "Time that one journal file covers." },
	{ "max_records", MS_CONFIG_UINT, AT(replay.max_records), .value = "8000000", .min = 1000,
	  .max = 1000000000, .help = "Records in memory (about 32 octets each); then 503." },
	{ 0 },
};

static const struct ms_config_field ticket_fields[] = {
	{ "lifetime", MS_CONFIG_TIME, AT(ticket.lifetime), .value = "0s", .max = 31536000000000,
	  .help = "Longest validity of a ticket; longer wishes are shortened (flag K); 0s: "
		  "profile.ticket_lifetime_s." },
	{ "key_lifetime", MS_CONFIG_TIME, AT(ticket.key_lifetime), .value = "7d", .min = 1000000,
	  .max = 31536000000000,
	  .help = "Age at which the ticket protection key is replaced; old ones open their "
		  "tickets to their end." },
	{ "max_keys", MS_CONFIG_UINT, AT(ticket.max_keys), .value = "8", .min = 1, .max = 16,
	  .help = "Most session keys in a ticket." },
	{ "max_responders", MS_CONFIG_UINT, AT(ticket.max_responders), .value = "1024", .min = 1,
	  .max = MS_MIKEY_KMS_RESPONDERS_MAX,
	  .help = "Most responders that a ticket names: the members of a list, for instance." },
	{ "arbiters", MS_CONFIG_TEXT, AT(ticket.arbiters), .value = "", .max = 255,
	  .help = "A PSI whose owners may have any ticket resolved that has not ended, as whoever "
		  "judges a proof of origin must: they can then read what is protected with it. "
		  "Empty: nobody." },
	{ "default", MS_CONFIG_ENUM, AT(ticket.by_default), .value = "allow",
	  .names = default_names, .help = "Where no policy rule fits." },
	{ "suite_128", MS_CONFIG_BOOL, AT(ticket.suite_128), .value = "true",
	  .help = "MIKEY-1, AES-CM-128 and HMAC-SHA-1 are acceptable." },
	{ "suite_256", MS_CONFIG_BOOL, AT(ticket.suite_256), .value = "true",
	  .help = "PRF-HMAC-SHA-256, AES-CM-256 and HMAC-SHA-256 are acceptable." },
	{ "key_wrap", MS_CONFIG_BOOL, AT(ticket.key_wrap), .value = "true",
	  .help = "AES key wrap is acceptable." },
	{ "mixed_prf", MS_CONFIG_BOOL, AT(ticket.mixed_prf), .value = "false",
	  .help = "Header and ticket policy may name different PRFs." },
	{ "authenticate_errors", MS_CONFIG_BOOL, AT(ticket.authenticate_errors), .value = "true",
	  .help = "Error messages to users that proved who they are carry a MAC." },
	{ 0 },
};

static const struct ms_config_field audit_fields[] = {
	{ "target", MS_CONFIG_ENUM, AT(audit.target), .value = "file", .names = target_names,
	  .help = "Where each issue and resolve is written: who, whom, when, outcome." },
	{ "file", MS_CONFIG_TEXT, AT(audit.file), .value = "/var/log/mediasec/kms-audit.log",
	  .help = "The file; opened anew at a reload." },
	{ "syslog", MS_CONFIG_TEXT, AT(audit.syslog), .value = "/dev/log", .min = 1, .max = 100,
	  .help = "Socket of the syslog daemon, for target syslog." },
	{ 0 },
};

const struct ms_config_field ms_kms_config_fields[] = {
	MS_DAEMON_CONFIG(struct ms_kms_config, daemon),
	{ "identity", MS_CONFIG_TEXT, AT(identity), .min = 1, .max = 255,
	  .help = "Our own identity, which stands in IDRkms." },
	{ "http", MS_CONFIG_MAP, .fields = http_fields, .help = "The Ua interface to users." },
	{ "vault", MS_CONFIG_MAP, .fields = vault_fields,
	  .help = "The process that has the keys." },
	{ "replay", MS_CONFIG_MAP, .fields = replay_fields, .help = "Replay protection." },
	{ "ticket", MS_CONFIG_MAP, .fields = ticket_fields, .help = "What tickets may be like." },
	{ "audit", MS_CONFIG_MAP, .fields = audit_fields, .help = "The audit log." },
	MS_PROFILE_CONFIG(struct ms_kms_config, profile),
	{ 0 },
};

int ms_kms_config_check(const struct ms_config *c, struct ms_config_error *ret_error)
{
	const struct ms_kms_config *k = ms_config_values(c);

	if (!k->ticket.suite_128 && !k->ticket.suite_256)
		return ms_config_complain(c, "ticket.suite_256", ret_error,
					  "no suite is left; allow suite_128 or suite_256");
	if (k->ticket.lifetime > 0 && k->ticket.lifetime < MS_SEC)
		return ms_config_complain(c, "ticket.lifetime", ret_error, "less than a second");
	if (k->ticket.lifetime == 0 && k->profile.ticket_lifetime_s == 0)
		return ms_config_complain(c, "profile.ticket_lifetime_s", ret_error,
					  "0 leaves tickets no time");
	if (!*k->vault.certificate != !*k->vault.private_key)
		return ms_config_complain(c, "vault.private_key", ret_error,
					  "certificate and private_key come together");
	if (k->audit.target == MS_KMS_AUDIT_FILE && !*k->audit.file)
		return ms_config_complain(c, "audit.file", ret_error,
					  "missing for target \"file\"");
	return 0;
}

/*
 * All else is bound, opened or hashed with at the start. Of the profile these are the Ua interface's words
 * and what ms_mikey_local_init() takes, without the clock skew, by which replay journals are kept.
 */
const char *const ms_kms_config_loose[] = {
	MS_DAEMON_LOOSE,
	"http.head_max",
	"http.body_max",
	"http.connections",
	"http.per_address",
	"http.rate",
	"http.rate_burst",
	"http.per_connection",
	"http.in_flight",
	"http.head_limit",
	"http.body_limit",
	"http.idle_limit",
	"http.send_limit",
	"http.answer_limit",
	"replay.sync_interval",
	"ticket",
	"audit.file",
	"profile.kms_query",
	"profile.kms_request",
	"profile.kms_resolve",
	"profile.ticket_lifetime_s",
	"profile.id_type",
	"profile.algorithms",
	"profile.wildcard",
	"profile.prot_type_tls",
	"profile.prot_type_psk_mime",
	"profile.prot_type_app",
	NULL,
};

void ms_kms_config_settle(struct ms_kms_config *c)
{
	if (c->ticket.lifetime == 0)
		c->ticket.lifetime = (ms_usec)c->profile.ticket_lifetime_s * MS_SEC;
}
