/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gateway's control side (h248/mg.h) asks of the media plane behind it. The control side
 * knows contexts, terminations and streams; the media plane knows stream endpoints, one for each
 * stream of a termination, and joins two of them.
 *
 * Two kinds of request. What must stand in the reply to the controller (an address and port, a
 * certificate's fingerprint) is answered at once, by who keeps the pools. What changes an endpoint is
 * a list of operations, one list a transaction, submitted with a token; the reply to the controller
 * waits for its completion.
 *
 * Rules of a list:
 *  - The order is: SET and PAIR, then START_TCP, START_TLS and RELEASE, then STATISTICS and DELETE.
 *    It is carried out in this order, all of it before the plane looks at a socket again.
 *  - The first SET or PAIR that fails ends the list (its `error` says why, later ones get 500), and
 *    the control side undoes the ones before it with a list of its own. Nothing after the SETs and
 *    PAIRs can fail: what becomes of a START is told by an event.
 *  - An endpoint that has never been SET does not exist; other operations on it give 500 and harm
 *    nothing. The control side keeps an endpoint back as long as it has nothing to do for it: its mode
 *    is inactive and it was never active.
 *  - After its DELETE no event of an endpoint is reported, and its number is not used again.
 *  - A lost plane (a worker process that died) completes what it had with error 510 and reports each
 *    of its endpoints by MS_BEARER_RELEASED, general cause MS_BEARER_TEMPORARY, "worker-lost".
 */
#ifndef MS_H248_PLANE_H
#define MS_H248_PLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/buf.h"
#include "core/reader.h"
#include "h248/bearer.h"

/** A stream endpoint. Never 0; counted up, so a number comes back after four thousand million others. */
typedef uint32_t ms_plane_endpoint;

enum ms_plane_verb {
	/**
	 * Creates the endpoint or gives it a new description, whole. What the new one implies happens:
	 * a mode that opens the gate listens (unless setup is active), inactive closes the listener
	 * (a connection stays, no octets pass), a remote address or fingerprints that came late are
	 * used and verified, a latch other than off is armed anew. Latch off says nothing: as long as
	 * the remote address is the one of the SET before, what was latched stays. Another remote
	 * address on a bearer that is up or under way releases it (no event), and it begins anew.
	 */
	MS_PLANE_SET,
	/**
	 * Octets of `endpoint` go to `partner` and back, or one way, as `flow` says; partner 0: to nobody. Told
	 * for one of the two. Again with another flow: that changes and nothing else. Who may not send
	 * is not read: what it has said is held back by TCP and passes when the flow is opened.
	 */
	MS_PLANE_PAIR,
	/** tcpbcc/EstBNC: active open to the remote address; nothing on one that is up. */
	MS_PLANE_START_TCP,
	/** tlsbsc/EstBNC: TLS client as soon as TCP is up; nothing on one that is up. */
	MS_PLANE_START_TLS,
	/** RelBNC: close_notify and FIN, or RST with `reset`. The endpoint stays and listens no more. */
	MS_PLANE_RELEASE,
	MS_PLANE_STATISTICS, /* fills `statistics` */
	MS_PLANE_DELETE,     /* fills `statistics`; closes (FIN, `reset`: RST) and forgets */
};

/** Which way octets of a pair pass (RFC 3525 section 7.1.18). */
enum ms_plane_flow {
	MS_PLANE_BOTHWAY,
	MS_PLANE_FORWARD,  /* from the endpoint to its partner only */
	MS_PLANE_BACKWARD, /* from the partner to the endpoint only */
};

/** One operation. The control side fills the upper part, the completion the lower. */
struct ms_plane_op {
	enum ms_plane_verb verb;
	ms_plane_endpoint endpoint;
	ms_plane_endpoint partner; /* PAIR */
	enum ms_plane_flow flow;   /* PAIR */
	uint32_t context;          /* H.248 ContextID, for what the plane tells an operator */
	uint16_t home;             /* of the endpoint, from place() */
	uint32_t certificate;  /* SET: which own certificate, from `fingerprint`; 0: the newest */
	struct ms_span bearer; /* SET: ms_bearer_pack()ed, borrowed until submit() returns */
	bool reset;            /* RELEASE, DELETE */
	bool tls_only; /* RELEASE: asked of the TLS session; TCP goes with it all the same */
	/* ---- filled in ---- */
	uint16_t error; /* H.248.8 code; 0: done */
	struct ms_bearer_statistics statistics;
};

/** The interface. All functions are the plane's; `arg` is its own. Return 0 or an H.248.8 code. */
struct ms_plane {
	/**
	 * Where the endpoints of a new context are to live: a number of the plane's own (a worker), given
	 * back with everything that is asked of them. 510, 511: nowhere.
	 */
	int (*place)(void *arg, uint16_t *ret_home);
	/**
	 * A local address and TCP port in the realm ("": the default one); `local`: family 4, 6 or 0 for
	 * any, and it may ask for an address or a port (non-zero). Errors: 449 (no such realm, family or
	 * address in it), 510 (none free). Kept until release().
	 */
	int (*reserve)(void *arg, const char *realm, const struct ms_bearer_address *local,
		       struct ms_bearer_address *ret_local);
	/** Gives a port back. Who still holds it open (a worker) is not asked: DELETE came before. */
	void (*release)(void *arg, const char *realm, const struct ms_bearer_address *local);
	/**
	 * The fingerprint of the certificate that endpoints at `home` show. *certificate 0: of the
	 * newest one, whose number is filled in; else of that one. Errors: 449 (hash not offered), 510
	 * (no certificate, or no longer).
	 */
	int (*fingerprint)(void *arg, uint16_t home, uint32_t *certificate,
			   enum ms_bearer_hash hash, struct ms_bearer_fingerprint *ret_fingerprint);
	/**
	 * Carries out `n` operations, which stay where they are until the completion. The completion is
	 * ms_mg_applied() with the same token, once, from the loop and not from inside submit(). 0, or
	 * a code: then nothing was done and no completion follows (511: too much to do already).
	 */
	int (*submit)(void *arg, uint64_t token, struct ms_plane_op *ops, size_t n);
	void *arg;
};

/* ---- a bearer in few octets: what is at its default is not there ---- */

/** Most octets of a packed bearer. */
#define MS_BEARER_PACKED_MAX 2048

/** Writes `b`; typically 60 to 160 octets. Holds the key: the buffer should be a secret one. */
void ms_bearer_pack(const struct ms_bearer *b, struct ms_buf *out);

/** The reverse. -EBADMSG: not a packed bearer. *ret_b is the caller's to ms_bearer_wipe(). */
MS_MUST_CHECK int ms_bearer_unpack(struct ms_span packed, struct ms_bearer *ret_b);

#endif
