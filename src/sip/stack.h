/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIP over UDP, TCP and TLS (RFC 3261), on the event loop of src/loop, which must be running or about
 * to run. libre carries messages and transactions; everything above (dialogs, digest, choice of
 * transport) is ours, and no type of libre shows here.
 *
 * Work-arounds for libre are listed in stack.c.
 */
#ifndef MS_SIP_STACK_H
#define MS_SIP_STACK_H

#include "core/time.h"
#include "sip/message.h"

struct ms_sip;          /* one stack; owned by who created it */
struct ms_sip_account;  /* who sends; see account.h */
struct ms_sip_session;  /* a call; see session.h */
struct ms_sip_notifier; /* one who watches us; see event.h */

/** Largest body sent or taken by default, octets: libre drops what is over 64 KiB on a stream. */
#define MS_SIP_BODY_MAX (48 * 1024)

/** Requests larger than this do not go by UDP (RFC 3261 section 18.1.1), octets. */
#define MS_SIP_UDP_MAX 1300

struct ms_sip_limits {
	size_t body;           /* octets of a body, either way; MS_SIP_BODY_MAX if 0 */
	size_t sessions;       /* calls at a time; 1000 if 0 */
	size_t subscriptions;  /* both roles; 1000 if 0 */
	size_t requests;       /* received and not yet answered by the user; 1000 if 0 */
	unsigned max_forwards; /* of our requests; 70 if 0 */
	unsigned redirects;    /* 3xx followed in a row; 5 if 0 */
};

struct ms_sip_bind {
	enum ms_sip_transport transport;
	const char *address; /* an IPv4 or IPv6 literal, without [] */
	uint16_t port;       /* 0: any free one */
};

struct ms_sip_tls {
	/* Whom we trust: a PEM file of CA certificates. Needed as soon as a TLS bind is there. */
	const char *ca_file;
	/* Name (DNS or IP literal) the server's certificate must bear; NULL: the host we connect to is
	 * not known by name, so TLS connections are refused. */
	const char *server_name;
	/* PEM file with our certificate chain and key; needed to accept TLS connections; or NULL. */
	const char *cert_file;
};

struct ms_sip_handlers {
	/**
	 * A request outside of any dialog and not INVITE or SUBSCRIBE. Answer it with
	 * ms_sip_reply(), at once or later (keep the message with ms_sip_message_ref()). NULL:
	 * OPTIONS gets 200, all else 405.
	 */
	void (*request)(struct ms_sip *sip, const struct ms_sip_message *m, void *arg);
	/** A new call, see session.h. NULL: 603. */
	void (*invite)(struct ms_sip *sip, struct ms_sip_session *s, const struct ms_sip_message *m,
		       void *arg);
	/** A new watcher, see event.h. NULL: 489. */
	void (*subscribe)(struct ms_sip *sip, struct ms_sip_notifier *n,
			  const struct ms_sip_message *m, void *arg);
	/** Every message that comes or goes, as it is on the wire; for traces. NULL: not called. */
	void (*trace)(bool sent, enum ms_sip_transport t, const char *source,
		      const char *destination, struct ms_span message, void *arg);
};

struct ms_sip_config {
	const struct ms_sip_bind *binds; /* at least one */
	size_t n_binds;
	struct ms_sip_tls tls;
	const char *user_agent; /* User-Agent and Server; NULL: none is sent */
	bool dns;               /* resolve host names (RFC 3263); else address literals only */
	const char *dns_server; /* "address:port" of the DNS server; NULL: the system's */
	struct ms_sip_limits limits;
	struct ms_sip_handlers handlers;
	void *arg; /* of the handlers; borrowed */
};

/** Makes the process ready: after ms_loop_init(), before the first stack, once. Negative errno. */
MS_MUST_CHECK int ms_sip_init(void);

/** The counterpart: after the last stack is freed and the loop has ended, before ms_loop_close(). */
void ms_sip_exit(void);

/**
 * Opens the transports. Strings of `config` are copied. `error` (may be NULL) gets a sentence for
 * the operator on failure. -EINVAL, -EADDRINUSE, -ENOENT (a certificate file), -ENOMEM ...
 */
MS_MUST_CHECK int ms_sip_new(const struct ms_sip_config *config, struct ms_buf *error,
			     struct ms_sip **ret_sip);

/**
 * Ends everything politely: BYE or CANCEL to calls, end of subscriptions, unregister; then calls
 * done(arg), at the latest after `patience`. No new requests are taken meanwhile (503).
 */
void ms_sip_shutdown(struct ms_sip *sip, ms_usec patience, void (*done)(void *arg), void *arg);

/** Closes at once. Sessions, registrations and subscriptions of the stack end without a callback and
 * are freed, its accounts too. NULL is fine. Returns NULL. */
struct ms_sip *ms_sip_free(struct ms_sip *sip);

/** Why the last certificate was refused, for the operator; NULL if none was. Static. */
const char *ms_sip_tls_refusal(const struct ms_sip *sip);

/** The port the i-th bind got. 0 if there is no such bind. */
uint16_t ms_sip_port(const struct ms_sip *sip, size_t bind);

/**
 * Answers a request outside of a dialog: status 100 to 699. `reason` NULL: the standard phrase. A
 * final answer may be given once only. `content` may be NULL. -EMSGSIZE (body too large), -EINVAL.
 */
MS_MUST_CHECK int ms_sip_reply(struct ms_sip *sip, const struct ms_sip_message *m, unsigned status,
			       const char *reason, const struct ms_sip_content *content);

/** The phrase RFC 3261 section 21 has for a status. Static. */
const char *ms_sip_reason_of(unsigned status);

/** Counters, in the order of ms_sip_counter_names. */
enum ms_sip_counter {
	MS_SIP_REQUESTS_SENT,
	MS_SIP_REQUESTS_RECEIVED,
	MS_SIP_REQUESTS_REFUSED, /* answered by the stack itself with 4xx or 5xx */
	MS_SIP_RESPONSES_STRAY,  /* matched no transaction */
	MS_SIP_MALFORMED,        /* dropped or answered 400 */
	MS_SIP_TIMEOUTS,         /* requests without a final answer in time */
	MS_SIP_TRANSPORT_ERRORS,
	MS_SIP_UPGRADED,    /* sent by a stream because of their size */
	MS_SIP_TLS_REFUSED, /* certificates that did not verify */
	MS_SIP_COUNTERS
};
extern const char *const ms_sip_counter_names[MS_SIP_COUNTERS];
uint64_t ms_sip_counter(const struct ms_sip *sip, enum ms_sip_counter c);

#endif
