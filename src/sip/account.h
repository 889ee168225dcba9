/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An account: a public identity, its credentials and the way to its network; registration
 * (RFC 3261 section 10, RFC 3608 Service-Route, RFC 3327 Path, RFC 7315 P-Associated-URI), and
 * requests outside of a dialog.
 */
#ifndef MS_SIP_ACCOUNT_H
#define MS_SIP_ACCOUNT_H

#include "sip/stack.h"

struct ms_sip_account_config {
	const char *identity;     /* our public identity, a SIP URI: From, and To of REGISTER */
	const char *display;      /* display name, without quotes; NULL: none */
	const char *auth_user;    /* private identity for digest; NULL: user part of `identity` */
	const char *password;     /* NULL: challenges are not answered */
	const char *registrar;    /* Request-URI of REGISTER; NULL: "sip:" and host of `identity` */
	const char *proxy;        /* outbound proxy, a SIP URI; NULL: go by the Request-URI */
	const char *contact_user; /* user part of Contact; NULL: user part of `identity` */
	enum ms_sip_transport transport; /* used where a URI names none */
	bool transport_set;              /* false: UDP if the stack has it, then TCP, then TLS */
	/** Media plane security that REGISTER announces in Security-Client (TS 24.229 clause 7.2A.7), such as
	 * "msrp-tls;mediasec, bfcp-tls;mediasec"; what the 200 says in Security-Server is repeated in the
	 * Security-Verify of the next ones. NULL: none. */
	const char *media_security;
};

/** Strings are copied, the password into memory that is wiped. -EINVAL (not a SIP URI), -ENOMEM. */
MS_MUST_CHECK int ms_sip_account_new(struct ms_sip *sip, const struct ms_sip_account_config *config,
				     struct ms_sip_account **ret_account);

/**
 * Ends its registration without a request, and its sessions, subscriptions and requests without a
 * callback. Before its stack. NULL is fine. Returns NULL.
 */
struct ms_sip_account *ms_sip_account_free(struct ms_sip_account *a);

enum ms_sip_registration_state {
	MS_SIP_UNREGISTERED,
	MS_SIP_REGISTERING,
	MS_SIP_REGISTERED,
	MS_SIP_REGISTRATION_FAILED, /* tried again later by itself */
};

struct ms_sip_registration_handler {
	/**
	 * After each answer or failure. `err` is 0 or a negative errno (-ETIMEDOUT, -ECONNREFUSED,
	 * -EACCES for wrong credentials ...); `m` is the final response or NULL.
	 */
	void (*changed)(struct ms_sip_account *a, enum ms_sip_registration_state state, int err,
			const struct ms_sip_message *m, void *arg);
	void *arg; /* borrowed */
};

/**
 * Registers for `expires_s` seconds and keeps registered, refreshing in time and, over TCP or TLS, when
 * the connection is lost (which a keep-alive of RFC 5626 section 3.5.1 notices); after a failure tries
 * again with growing pauses up to `retry_max_s` (0: gives up). Returns 0 once the first REGISTER is
 * on its way.
 */
MS_MUST_CHECK int ms_sip_register(struct ms_sip_account *a, unsigned expires_s,
				  unsigned retry_max_s,
				  const struct ms_sip_registration_handler *handler);

/** Removes our contact; `changed` is told MS_SIP_UNREGISTERED. -EALREADY if it is not registered. */
MS_MUST_CHECK int ms_sip_unregister(struct ms_sip_account *a);

enum ms_sip_registration_state ms_sip_registration(const struct ms_sip_account *a);

/** Seconds the registrar granted at the last success. */
unsigned ms_sip_registration_expires(const struct ms_sip_account *a);

/** What the 200 to REGISTER said, the i-th URI; the empty span past the end. Borrowed. */
struct ms_span ms_sip_service_route(const struct ms_sip_account *a, size_t i);
struct ms_span ms_sip_associated_uri(const struct ms_sip_account *a, size_t i);

/** Did the last 200 to REGISTER announce this kind of media plane security, e.g. "msrp-tls"? */
bool ms_sip_media_security(const struct ms_sip_account *a, const char *mechanism);

/** A request outside of a dialog that is under way. */
struct ms_sip_request;

struct ms_sip_request_spec {
	const char *method;
	const char *uri;       /* Request-URI; a sips: URI is reached by TLS */
	const char *to;        /* a URI or name-addr; NULL: `uri` */
	const char *from;      /* a URI or name-addr; NULL: the account's identity */
	bool contact;          /* send a Contact (for MESSAGE there must be none) */
	bool report_redirects; /* hand a 3xx to the handler; false: follow its first contact */
	ms_usec timeout;       /* for the final answer; 0: 32 s (timer F) */
	struct ms_sip_content content;
};

/**
 * The final answer, or err < 0 without one: -ETIMEDOUT, -ECONNREFUSED, -ECONNRESET, -EPROTO (TLS) ...
 * Provisional answers are not told. Called once.
 */
typedef void ms_sip_response_h(int err, const struct ms_sip_message *response, void *arg);

/**
 * Sends a request; digest challenges are answered, 3xx followed as the spec says. *ret_request (may
 * be NULL) is borrowed until the handler has been called. -EMSGSIZE: body over the limit, or over
 * 1300 octets in all with no stream transport; -EINVAL; -EAFNOSUPPORT (no transport fits);
 * -EDESTADDRREQ (a host name, and the stack has no DNS).
 */
MS_MUST_CHECK int ms_sip_request(struct ms_sip_account *a, const struct ms_sip_request_spec *spec,
				 ms_sip_response_h *handler, void *arg,
				 struct ms_sip_request **ret_request);

/** Forgets a request: its handler will not be called. */
void ms_sip_request_cancel(struct ms_sip_request *r);

#endif
