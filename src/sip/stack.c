/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack: transports, counters, end. What is done here against faults of libre 1.1.0:
 *
 *  - its TLS accepts any certificate: tls.c verifies and pins TLS 1.2 or later;
 *  - it refuses sips: URIs: transaction.c reaches them by TLS with a route of its own;
 *  - it never leaves UDP for size: transaction.c does at 1300 octets (RFC 3261 section 18.1.1);
 *  - it drops stream messages over 64 KiB: bodies are limited to 48 KiB both ways;
 *  - its digest knows MD5 only, and keeps passwords in plain strings: digest.c is ours;
 *  - its parser lets required headers be missing, and over UDP ignores Content-Length: receive.c
 *    and message.c check both;
 *  - an unanswered request is handed up again with each retransmission: receive.c opens the server
 *    transaction at once;
 *  - it prints "unhandled" messages to stderr: our listeners come last and take everything;
 *  - it closes a connection for one bad header, and parses from the start with each segment:
 *    guard-stream.c gives it whole messages, and answers the others;
 *  - it prints a line for each datagram it cannot parse, and answers STUN: guard.c stands in front as
 *    soon as it can see the socket, which is with the first good message;
 *  - its sessions know no UPDATE, no body in a refusal, no reading of a 2xx before ACK: dialogs and
 *    sessions are ours, over its transactions.
 *  - its timers jump with the wall clock: ours are those of src/loop.
 */
#include <errno.h>

#include "core/alloc.h"
#include "core/random.h"
#include "sip/sip-priv.h"

/* Its header insists on them. */
#define DEBUG_MODULE "sip"
#define DEBUG_LEVEL 4
#include <re_dbg.h>

#define HASH_SIZE 256

const char *const ms_sip_counter_names[MS_SIP_COUNTERS] = {
	"requests_sent", "requests_received", "requests_refused", "responses_stray", "malformed",
	"timeouts",      "transport_errors",  "upgraded",         "tls_refused",
};

/* libre's own complaints go to stderr in colours; what matters of them reaches us as errors. */
static void silence(int level MS_UNUSED, const char *p MS_UNUSED, size_t len MS_UNUSED,
		    void *arg MS_UNUSED)
{
}

int ms_sip_init(void)
{
	int err = ms_loop_re_init();

	if (err == 0)
		dbg_handler_set(silence, NULL);
	return err;
}

void ms_sip_exit(void)
{
	ms_loop_re_close();
}

void ms_sip_count(struct ms_sip *sip, enum ms_sip_counter c)
{
	sip->counter[c]++;
}

uint64_t ms_sip_counter(const struct ms_sip *sip, enum ms_sip_counter c)
{
	return c < MS_SIP_COUNTERS ? sip->counter[c] : 0;
}

int ms_sip_error(int re_err)
{
	return re_err == EPROTONOSUPPORT ? -EAFNOSUPPORT : -re_err;
}

int ms_sip_token(char dst[static MS_SIP_TOKEN_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[(MS_SIP_TOKEN_SIZE - 1) / 2];
	int err = ms_random_fill(&ms_random_system, raw, sizeof(raw));

	for (size_t i = 0; i < sizeof(raw); i++) {
		dst[2 * i] = digits[raw[i] >> 4];
		dst[2 * i + 1] = digits[raw[i] & 15];
	}
	dst[MS_SIP_TOKEN_SIZE - 1] = '\0';
	return err;
}

enum sip_transp ms_sip_transp(enum ms_sip_transport t)
{
	static const enum sip_transp map[] = { SIP_TRANSP_UDP, SIP_TRANSP_TCP, SIP_TRANSP_TLS };

	return map[t];
}

bool ms_sip_has_transport(const struct ms_sip *sip, enum ms_sip_transport t)
{
	for (size_t i = 0; i < sip->n_binds; i++)
		if (sip->bind[i].transport == t)
			return true;
	return false;
}

/* ---- start ---- */

static void trace(bool tx, enum sip_transp tp, const struct sa *src, const struct sa *dst,
		  const uint8_t *packet, size_t len, void *arg)
{
	struct ms_sip *sip = arg;
	char from[64], to[64];
	enum ms_sip_transport t = tp == SIP_TRANSP_UDP   ? MS_SIP_UDP
				  : tp == SIP_TRANSP_TLS ? MS_SIP_TLS
							 : MS_SIP_TCP;

	(void)re_snprintf(from, sizeof(from), "%J", src);
	(void)re_snprintf(to, sizeof(to), "%J", dst);
	sip->handlers.trace(tx, t, from, to, ms_span_of(packet, len), sip->arg);
}

static struct ms_sip_limits effective(const struct ms_sip_limits *l)
{
	return (struct ms_sip_limits){
		.body = l->body ? l->body : MS_SIP_BODY_MAX,
		.sessions = l->sessions ? l->sessions : 1000,
		.subscriptions = l->subscriptions ? l->subscriptions : 1000,
		.requests = l->requests ? l->requests : 1000,
		.max_forwards = l->max_forwards ? l->max_forwards : 70,
		.redirects = l->redirects ? l->redirects : 5,
	};
}

static int add_bind(struct ms_sip *sip, const struct ms_sip_bind *b, struct ms_buf *error)
{
	enum sip_transp tp = ms_sip_transp(b->transport);
	struct sa laddr;
	int err = -sa_set_str(&laddr, b->address, b->port);

	if (err == 0)
		err = -sip_transp_add(sip->sip, tp, &laddr, sip->tls);
	if (err < 0) {
		if (error)
			ms_buf_printf(error, "SIP %s %s port %u: %s", sip_transp_name(tp),
				      b->address, (unsigned)b->port, strerror(-err));
		return err;
	}
	sip->bind[sip->n_binds].transport = b->transport;
	sip->bind[sip->n_binds].address = laddr;
	sip->n_binds++;
	return 0;
}

/* With port 0 the kernel chose one: libre only tells by asking for the transport's address. */
static void learn_port(struct ms_sip *sip, size_t i)
{
	struct sa laddr;

	if (sa_port(&sip->bind[i].address) == 0 &&
	    sip_transp_laddr(sip->sip, &laddr, ms_sip_transp(sip->bind[i].transport),
			     &sip->bind[i].address) == 0)
		sip->bind[i].address = laddr;
}

static int add_binds(struct ms_sip *sip, const struct ms_sip_config *config, struct ms_buf *error)
{
	bool tls = false;
	int err = 0;

	if (config->n_binds == 0 || config->n_binds > MS_SIP_MAX_BINDS)
		return -EINVAL;
	for (size_t i = 0; i < config->n_binds; i++)
		tls |= config->binds[i].transport == MS_SIP_TLS;
	if (tls)
		err = ms_sip_tls_new(sip, &config->tls, error, &sip->tls);
	for (size_t i = 0; i < config->n_binds && err == 0; i++)
		err = add_bind(sip, &config->binds[i], error);
	for (size_t i = 0; i < sip->n_binds; i++)
		learn_port(sip, i);
	return err;
}

static int open_dns(struct ms_sip *sip, const char *server)
{
	struct sa servers[8];
	char domain[256];
	uint32_t n = MS_ARRAY_SIZE(servers);
	int err;

	if (server) {
		n = 1;
		err = sa_decode(&servers[0], server, strlen(server));
	} else {
		err = dns_srv_get(domain, sizeof(domain), servers, &n);
	}
	return err ? -err : -dnsc_alloc(&sip->dnsc, NULL, servers, n);
}

static int open_libre(struct ms_sip *sip)
{
	int err = -sip_alloc(&sip->sip, sip->dnsc, HASH_SIZE, HASH_SIZE, HASH_SIZE, sip->user_agent,
			     NULL, sip);

	if (err == 0)
		err = -sip_listen(&sip->requests, sip->sip, true, ms_sip_receive_request, sip);
	if (err == 0)
		err = -sip_listen(&sip->responses, sip->sip, false, ms_sip_receive_response, sip);
	if (err == 0 && sip->handlers.trace)
		sip_set_trace_handler(sip->sip, trace);
	return err;
}

static void shutdown_step(void *arg);

static int init(struct ms_sip *sip, const struct ms_sip_config *config, struct ms_buf *error)
{
	uint8_t key[16];
	int err = ms_random_fill(&ms_random_system, key, sizeof(key));

	sip->limits = effective(&config->limits);
	sip->handlers = config->handlers;
	sip->arg = config->arg;
	if (err == 0)
		err = ms_hash_new(sip->limits.sessions + sip->limits.subscriptions, key,
				  &sip->dialogs);
	if (err == 0 && config->user_agent) {
		sip->user_agent = ms_strdup(config->user_agent);
		err = sip->user_agent ? 0 : -ENOMEM;
	}
	if (err == 0 && config->tls.server_name) {
		sip->server_name = ms_strdup(config->tls.server_name);
		err = sip->server_name ? 0 : -ENOMEM;
	}
	if (err == 0 && config->dns)
		err = open_dns(sip, config->dns_server);
	if (err == 0)
		err = open_libre(sip);
	return err < 0 ? err : add_binds(sip, config, error);
}

int ms_sip_new(const struct ms_sip_config *config, struct ms_buf *error, struct ms_sip **ret_sip)
{
	struct ms_sip *sip = ms_zalloc(sizeof(*sip));
	int err;

	if (!sip)
		return -ENOMEM;
	ms_list_init(&sip->accounts);
	ms_list_init(&sip->transactions);
	ms_list_init(&sip->sessions);
	ms_list_init(&sip->subscriptions);
	ms_list_init(&sip->notifiers);
	ms_list_init(&sip->pending);
	ms_timer_init(&sip->patience, "sip.patience", shutdown_step, sip);
	ms_timer_init(&sip->poll, "sip.shutdown", shutdown_step, sip);
	err = init(sip, config, error);
	if (err < 0)
		ms_sip_free(sip);
	else
		*ret_sip = sip;
	return err;
}

const char *ms_sip_tls_refusal(const struct ms_sip *sip)
{
	return sip->tls_refusal;
}

uint16_t ms_sip_port(const struct ms_sip *sip, size_t bind)
{
	return bind < sip->n_binds ? sa_port(&sip->bind[bind].address) : 0;
}

/* ---- end ---- */

static void finish_shutdown(struct ms_sip *sip)
{
	void (*done)(void *arg) = sip->done;

	ms_timer_stop(&sip->patience);
	ms_timer_stop(&sip->poll);
	sip->done = NULL;
	if (done)
		done(sip->done_arg);
}

static bool is_idle(const struct ms_sip *sip)
{
	struct ms_list *link;

	ms_list_foreach (link, &sip->accounts) {
		const struct ms_sip_account *a = MS_CONTAINER_OF(link, struct ms_sip_account, link);

		if (a->reg.txn)
			return false;
	}
	return ms_list_empty(&sip->sessions) && ms_list_empty(&sip->subscriptions);
}

#define SHUTDOWN_POLL (20 * MS_MSEC)

/* Runs from the poll until all is quiet, and once when patience is over. */
static void shutdown_step(void *arg)
{
	struct ms_sip *sip = arg;

	if (is_idle(sip) || !ms_timer_running(&sip->patience))
		finish_shutdown(sip);
	else
		ms_timer_start(&sip->poll, SHUTDOWN_POLL);
}

static void end_notifier(struct ms_sip_notifier *n)
{
	if (ms_sip_notify(n, MS_SIP_TERMINATED, "deactivated", NULL) < 0)
		ms_sip_notifier_drop(n);
}

void ms_sip_shutdown(struct ms_sip *sip, ms_usec patience, void (*done)(void *arg), void *arg)
{
	struct ms_list *link;

	sip->closing = true;
	sip->done = done;
	sip->done_arg = arg;
	ms_sip_session_each(sip, ms_sip_session_shut);
	ms_sip_notifier_each(sip, end_notifier);
	ms_sip_subscription_each(sip, ms_sip_unsubscribe);
	ms_list_foreach (link, &sip->accounts) {
		struct ms_sip_account *a = MS_CONTAINER_OF(link, struct ms_sip_account, link);

		/* -EALREADY means there is nothing to undo. */
		if (ms_sip_unregister(a) < 0)
			continue;
	}
	ms_timer_start(&sip->patience, patience);
	ms_timer_start(&sip->poll, 0);
}

static void free_pending(struct ms_sip *sip)
{
	struct ms_list *link, *next;

	ms_list_foreach_safe (link, next, &sip->pending)
		ms_sip_pending_free(MS_CONTAINER_OF(link, struct ms_sip_pending, link));
}

struct ms_sip *ms_sip_free(struct ms_sip *sip)
{
	struct ms_list *link, *next;

	if (!sip)
		return NULL;
	sip->closing = true;
	ms_timer_stop(&sip->patience);
	ms_timer_stop(&sip->poll);
	ms_sip_session_each(sip, ms_sip_session_drop);
	ms_sip_notifier_each(sip, ms_sip_notifier_drop);
	ms_sip_subscription_each(sip, ms_sip_subscription_drop);
	ms_list_foreach_safe (link, next, &sip->accounts)
		ms_sip_account_free(MS_CONTAINER_OF(link, struct ms_sip_account, link));
	free_pending(sip);
	ms_sip_guard_done(sip);
	mem_deref(sip->requests);
	mem_deref(sip->responses);
	mem_deref(sip->sip);
	mem_deref(sip->tls);
	mem_deref(sip->dnsc);
	ms_hash_free(sip->dialogs);
	ms_free(sip->user_agent);
	ms_free(sip->server_name);
	return ms_free(sip);
}
