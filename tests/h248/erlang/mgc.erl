%% SPDX-License-Identifier: Apache-2.0
%% A controller made of Erlang/OTP megaco: takes the registration of a gateway, then sets contexts up, changes,
%% audits and ends them, and expects what RFC 3525 says.
%%
%%   erl -noshell -s mgc main TRANSPORT ENCODING PORT
%%
%% Prints a line for each step, "ok STEP" or "bad STEP ...", then ends.
-module(mgc).
-export([main/1]).
-export([handle_connect/2, handle_connect/3, handle_disconnect/3, handle_disconnect/4, handle_syntax_error/3,
         handle_syntax_error/4, handle_message_error/3, handle_message_error/4, handle_trans_request/3,
         handle_trans_request/4, handle_trans_long_request/3, handle_trans_long_request/4, handle_trans_reply/4,
         handle_trans_reply/5, handle_trans_ack/4, handle_trans_ack/5, handle_unexpected_trans/3,
         handle_unexpected_trans/4, handle_trans_request_abort/4, handle_trans_request_abort/5]).
-include_lib("megaco/include/megaco.hrl").
-include_lib("megaco/include/megaco_message_v2.hrl").

main([Transport, Encoding, Port]) ->
    register(main, self()),
    persistent_term:put(encoding, Encoding),
    Mid = {domainName, #'DomainName'{name = "alg1.example.net", portNumber = asn1_NOVALUE}},
    ok = megaco:start(),
    ok = megaco:start_user(Mid, [{user_mod, ?MODULE}, {user_args, []}, {auto_ack, true}, {strict_version, false}]),
    Handle = (megaco:user_info(Mid, receive_handle))#megaco_receive_handle{
        encoding_mod = encoding(Encoding), encoding_config = config(Encoding), send_mod = module(Transport)},
    ok = listen(Transport, list_to_integer(atom_to_list(Port)), Handle),
    io:format("listening~n"),
    receive
        {registered, Conn} -> timer:sleep(1000), script(Conn, Encoding)
    after 60000 -> io:format("bad registration: none came~n")
    end,
    io:format("end~n"),
    init:stop().

encoding(pretty) -> megaco_pretty_text_encoder;
encoding(compact) -> megaco_compact_text_encoder;
encoding(binary) -> megaco_binary_encoder.

%% native: termination ids, names and values as they are in annex A
config(binary) -> [native];
config(_) -> [].

module(udp) -> megaco_udp;
module(tcp) -> megaco_tcp.

listen(udp, Port, Handle) ->
    {ok, Sup} = megaco_udp:start_transport(),
    {ok, _, _} = megaco_udp:open(Sup, [{port, Port}, {receive_handle, Handle}, {udp_options, [{ip, {127, 0, 0, 1}}, {recbuf, 1000000}]}]),
    ok;
listen(tcp, Port, Handle) ->
    {ok, Sup} = megaco_tcp:start_transport(),
    megaco_tcp:listen(Sup, [{port, Port}, {receive_handle, Handle}, {tcp_options, [{ip, {127, 0, 0, 1}}, {nodelay, true}]}]).

%% ---- the steps ----

script(Conn, Encoding) ->
    %% from here on version 2, as the registration agreed
    ok = megaco:update_conn_info(Conn, protocol_version, 2),
    step("audit of ROOT", fun() -> audit_root(Conn) end),
    {Context, Terms} = step("two Adds", fun() -> add_two(Conn, Encoding) end),
    step("Modify", fun() -> modify(Conn, Context, hd(Terms), Encoding) end),
    step("AuditValue of a termination", fun() -> audit(Conn, Context, hd(Terms)) end),
    step("individual items", fun() -> individual(Conn, Context, hd(Terms)) end),
    step("AuditCapability", fun() -> capability(Conn, Context, hd(Terms)) end),
    step("all contexts", fun() -> all_contexts(Conn, Context) end),
    step("one-way topology", fun() -> topology(Conn, Context, Terms) end),
    step("ServiceChange of a termination", fun() -> out_and_in(Conn, Context, hd(Terms)) end),
    step("embedded events", fun() -> embedded(Conn, Encoding) end),
    step("an unknown context", fun() -> unknown_context(Conn) end),
    step("an unknown termination", fun() -> unknown_termination(Conn, Context, hd(Terms), Encoding) end),
    step("Subtract all", fun() -> subtract(Conn, Context) end),
    step("many contexts", fun() -> many(Conn, Encoding, 50) end),
    step("nothing left", fun() -> nothing_left(Conn) end).

step(Name, Fun) ->
    Began = erlang:monotonic_time(millisecond),
    Result = (catch Fun()),
    Took = erlang:monotonic_time(millisecond) - Began,
    case Result of
        {'EXIT', Reason} -> io:format("bad ~s: ~0p~n", [Name, Reason]), {none, [none, none]};
        _ -> io:format("ok ~s (~w ms)~n", [Name, Took]), Result
    end.

call(Conn, Actions) ->
    case megaco:call(Conn, Actions, [{request_timer, #megaco_incr_timer{wait_for = 2000, max_retries = 3}}]) of
        {_, {ok, Replies}} -> Replies;
        {_, {ok, Replies, _}} -> Replies;
        {_, Other} -> exit(Other)
    end.

one(Conn, Context, Command) ->
    [#'ActionReply'{errorDescriptor = asn1_NOVALUE, commandReply = [Reply]}] =
        call(Conn, [action(Context, [Command])]),
    Reply.

action(Context, Commands) ->
    #'ActionRequest'{contextId = Context, commandRequests = [#'CommandRequest'{command = C} || C <- Commands]}.

%% Annex A.1: four octets; a wildcard octet for all of them.
root() -> termination({'TerminationID', [], [255, 255, 255, 255]}, ?megaco_root_termination_id).
choose() -> termination({'TerminationID', [[16#5f]], [0, 0, 0, 0]},
                        #megaco_term_id{contains_wildcards = true, id = [[?megaco_choose]]}).
all() -> termination({'TerminationID', [[16#df]], [0, 0, 0, 0]},
                     #megaco_term_id{contains_wildcards = true, id = [[?megaco_all]]}).

termination(Binary, Text) ->
    case persistent_term:get(encoding) of
        binary -> Binary;
        _ -> Text
    end.

audit_root(Conn) ->
    {auditValueReply, _} =
        one(Conn, ?megaco_null_context_id,
            {auditValueRequest, #'AuditRequest'{terminationID = root(),
                                                auditDescriptor = #'AuditDescriptor'{auditToken = []}}}).

%% Annex C.11: SDP_V is 0xB001, then in the order of RFC 2327; values are IA5Strings.
sdp(binary, Lines) ->
    [[#'PropertyParm'{name = [0, 0, 16#b0, string:str("vosiuepcbzkatrm", N)], value = [[22, length(V) | V]]}
      || {N, V} <- Lines]];
sdp(_, Lines) -> [[#'PropertyParm'{name = N, value = [V]} || {N, V} <- Lines]].

wanted() -> [{"v", "0"}, {"c", "IN IP4 $"}, {"m", "- $ TCP -"}].

add(Encoding) ->
    Stream = #'StreamParms'{
        localControlDescriptor = #'LocalControlDescriptor'{streamMode = sendRecv, propertyParms = []},
        localDescriptor = #'LocalRemoteDescriptor'{propGrps = sdp(Encoding, wanted())}},
    {addReq, #'AmmRequest'{terminationID = [choose()],
        descriptors = [{mediaDescriptor, #'MediaDescriptor'{
            streams = {multiStream, [#'StreamDescriptor'{streamID = 1, streamParms = Stream}]}}}]}}.

add_two(Conn, Encoding) ->
    [#'ActionReply'{contextId = Context, commandReply = Replies}] =
        call(Conn, [action(?megaco_choose_context_id, [add(Encoding), add(Encoding)])]),
    true = is_integer(Context) andalso Context > 0,
    [T1, T2] = [T || {addReply, #'AmmsReply'{terminationID = [T]}} <- Replies],
    true = T1 =/= T2,
    [[{"m", M1} | _], [{"m", M2} | _]] =
        [lists:keysort(1, [{N, V} || {N, [V]} <- local(R), N =:= "m"]) || {addReply, R} <- Replies],
    true = M1 =/= M2,
    true = port(M1) > 0 andalso port(M2) > 0,
    {Context, [T1, T2]}.

%% "- 10000 TCP -"
port(M) -> list_to_integer(lists:nth(2, string:tokens(M, " "))).

local(#'AmmsReply'{terminationAudit = Audit}) ->
    [Media] = [M || {mediaDescriptor, M} <- Audit],
    Parms = case Media#'MediaDescriptor'.streams of
                {multiStream, [#'StreamDescriptor'{streamParms = P}]} -> P;
                {oneStream, P} -> P
            end,
    [Group] = (Parms#'StreamParms'.localDescriptor)#'LocalRemoteDescriptor'.propGrps,
    [line(N, V) || #'PropertyParm'{name = N, value = V} <- Group].

line(Name, Value) when is_binary(Name) -> line(binary_to_list(Name), Value);
line([0, 0, 16#b0, Tag], [Value]) ->
    [Type, Length | Text] = octets(Value),
    true = lists:member(Type, [4, 12, 22]),
    Length = length(Text),
    {[lists:nth(Tag, "vosiuepcbzkatrm")], [Text]};
line(Name, Value) -> {Name, Value}.

octets(B) when is_binary(B) -> binary_to_list(B);
octets(L) -> L.

modify(Conn, Context, Term, Encoding) ->
    Remote = [{"v", "0"}, {"c", "IN IP4 127.0.0.1"}, {"m", "- 9 TCP -"}],
    Stream = #'StreamParms'{remoteDescriptor = #'LocalRemoteDescriptor'{propGrps = sdp(Encoding, Remote)}},
    {modReply, #'AmmsReply'{terminationID = [Term], terminationAudit = Audit}} =
        one(Conn, Context, {modReq, #'AmmRequest'{terminationID = [Term],
            descriptors = [{mediaDescriptor, #'MediaDescriptor'{
                streams = {multiStream, [#'StreamDescriptor'{streamID = 1, streamParms = Stream}]}}}]}}),
    [exit(E) || is_list(Audit), {errorDescriptor, E} <- Audit].

audit(Conn, Context, Term) ->
    {auditValueReply, {auditResult, #'AuditResult'{terminationID = Term, terminationAuditResult = Result}}} =
        one(Conn, Context,
            {auditValueRequest, #'AuditRequest'{terminationID = Term,
                auditDescriptor = #'AuditDescriptor'{auditToken = [mediaToken]}}}),
    lists:keymember(mediaDescriptor, 1, Result) orelse exit({no_media, Result}).

%% Of the Media descriptor the mode and nothing else.
individual(Conn, Context, Term) ->
    Asked = #'IndAudMediaDescriptor'{streams = {multiStream, [#'IndAudStreamDescriptor'{streamID = 1,
        streamParms = #'IndAudStreamParms'{
            localControlDescriptor = #'IndAudLocalControlDescriptor'{streamMode = 'NULL'}}}]}},
    {auditValueReply, {auditResult, #'AuditResult'{terminationAuditResult = [{mediaDescriptor, Media}]}}} =
        one(Conn, Context, {auditValueRequest, #'AuditRequest'{terminationID = Term,
            auditDescriptor = #'AuditDescriptor'{auditToken = asn1_NOVALUE,
                                                 auditPropertyToken = [{indAudMediaDescriptor, Asked}]}}}),
    #'MediaDescriptor'{termStateDescr = asn1_NOVALUE,
                       streams = {multiStream, [#'StreamDescriptor'{streamID = 1, streamParms = Parms}]}} = Media,
    #'StreamParms'{localDescriptor = asn1_NOVALUE, remoteDescriptor = asn1_NOVALUE,
                   localControlDescriptor = #'LocalControlDescriptor'{streamMode = sendRecv, reserveGroup = asn1_NOVALUE}} =
        Parms.

%% Possible values (RFC 3525 section 7.2.6); Packages are not legal there.
capability(Conn, Context, Term) ->
    Ask = fun(Tokens) -> {auditCapRequest, #'AuditRequest'{terminationID = Term,
                              auditDescriptor = #'AuditDescriptor'{auditToken = Tokens}}} end,
    {auditCapReply, {auditResult, #'AuditResult'{terminationAuditResult = Result}}} =
        one(Conn, Context, Ask([eventsToken, signalsToken, statsToken, mediaToken])),
    {value, {_, #'EventsDescriptor'{eventList = Events}}} = lists:keysearch(eventsDescriptor, 1, Result),
    true = lists:member(name("g/sc", [0, 1, 0, 2]), [octets(N) || #'RequestedEvent'{pkgdName = N} <- Events]),
    true = lists:keymember(signalsDescriptor, 1, Result),
    true = lists:keymember(mediaDescriptor, 1, Result),
    {value, {_, Statistics}} = lists:keysearch(statisticsDescriptor, 1, Result),
    true = length(Statistics) >= 3,
    447 = refused(Conn, [action(Context, [Ask([packagesToken])])]).

name(Text, Binary) ->
    case persistent_term:get(encoding) of
        binary -> Binary;
        _ -> Text
    end.

%% ROOT in all contexts: an action reply for each.
all_contexts(Conn, Context) ->
    Replies = call(Conn, [action(?megaco_all_context_id,
        [{auditValueRequest, #'AuditRequest'{terminationID = root(),
                                             auditDescriptor = #'AuditDescriptor'{auditToken = []}}}])]),
    true = lists:keymember(Context, #'ActionReply'.contextId, Replies).

topology(Conn, Context, [T1, T2]) ->
    Request = fun(Direction) -> #'TopologyRequest'{terminationFrom = T1, terminationTo = T2,
                                                   topologyDirection = Direction} end,
    Ask = fun(Set) -> call(Conn, [#'ActionRequest'{contextId = Context, contextRequest = Set,
              contextAttrAuditReq = #'ContextAttrAuditRequest'{topology = 'NULL'}, commandRequests = []}]) end,
    %% set and audited in one action: as it is afterwards (RFC 3525 section 7.2.9)
    [#'ActionReply'{contextReply = #'ContextRequest'{topologyReq = [Told]}}] =
        Ask(#'ContextRequest'{topologyReq = [Request(oneway)]}),
    #'TopologyRequest'{terminationFrom = T1, terminationTo = T2, topologyDirection = oneway} = Told,
    [#'ActionReply'{errorDescriptor = asn1_NOVALUE}] =
        call(Conn, [#'ActionRequest'{contextId = Context, commandRequests = [],
                                     contextRequest = #'ContextRequest'{topologyReq = [Request(bothway)]}}]).

out_and_in(Conn, Context, Term) ->
    Change = fun(Method, Reason) -> {serviceChangeReq, #'ServiceChangeRequest'{terminationID = [Term],
        serviceChangeParms = #'ServiceChangeParm'{serviceChangeMethod = Method,
                                                  serviceChangeReason = reason(Reason)}}} end,
    {serviceChangeReply, _} = one(Conn, Context, Change(forced, "905 Termination taken out of service")),
    outOfSvc = state(Conn, Context, Term),
    {serviceChangeReply, _} = one(Conn, Context, Change(restart, "900 Service Restored")),
    inSvc = state(Conn, Context, Term),
    449 = refused(Conn, [action(Context, [Change(failover, "908 MG Impending Failure")])]).

%% Annex A: an IA5String within the octets
reason(Text) -> name([Text], [[22, length(Text) | Text]]).

state(Conn, Context, Term) ->
    {auditValueReply, {auditResult, #'AuditResult'{terminationAuditResult = Result}}} =
        one(Conn, Context, {auditValueRequest, #'AuditRequest'{terminationID = Term,
            auditDescriptor = #'AuditDescriptor'{auditToken = [mediaToken]}}}),
    {value, {_, #'MediaDescriptor'{termStateDescr = State}}} = lists:keysearch(mediaDescriptor, 1, Result),
    State#'TerminationStateDescriptor'.serviceState.

%% A connection comes: it is told under the first RequestID, and the embedded Events are those in force.
embedded(Conn, Encoding) ->
    Second = #'SecondEventsDescriptor'{requestID = 78,
        eventList = [#'SecondRequestedEvent'{pkgdName = name("g/cause", [0, 1, 0, 1]), evParList = []}]},
    Events = {eventsDescriptor, #'EventsDescriptor'{requestID = 77,
        eventList = [#'RequestedEvent'{pkgdName = name("tcpbcc/BNCChange", [16#f0, 16#89, 0, 1]), evParList = [],
                                       eventAction = #'RequestedActions'{secondEvent = Second}}]}},
    {addReq, Add} = add(Encoding),
    [#'ActionReply'{contextId = Context, commandReply = [{addReply, #'AmmsReply'{terminationID = [Term]} = R}]}] =
        call(Conn, [action(?megaco_choose_context_id,
            [{addReq, Add#'AmmRequest'{descriptors = Add#'AmmRequest'.descriptors ++ [Events]}}])]),
    [M] = [V || {"m", [V]} <- local(R)],
    {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, port(M), [], 5000),
    receive {notified, 77} -> ok after 10000 -> exit(not_notified) end,
    armed(Conn, Context, Term, 78, 50),
    gen_tcp:close(Socket),
    [_ | _] = call(Conn, [action(Context, [{subtractReq, #'SubtractRequest'{terminationID = [all()]}}])]).

armed(_Conn, _Context, _Term, _Id, 0) -> exit(not_armed);
armed(Conn, Context, Term, Id, N) ->
    {auditValueReply, {auditResult, #'AuditResult'{terminationAuditResult = Result}}} =
        one(Conn, Context, {auditValueRequest, #'AuditRequest'{terminationID = Term,
            auditDescriptor = #'AuditDescriptor'{auditToken = [eventsToken]}}}),
    case lists:keysearch(eventsDescriptor, 1, Result) of
        {value, {_, #'EventsDescriptor'{requestID = Id}}} -> ok;
        _ -> timer:sleep(100), armed(Conn, Context, Term, Id, N - 1)
    end.

code({_, #'ErrorDescriptor'{errorCode = Code}}) -> Code;
code(#'ErrorDescriptor'{errorCode = Code}) -> Code;
code([#'ActionReply'{errorDescriptor = #'ErrorDescriptor'{errorCode = Code}}]) -> Code;
code([#'ActionReply'{commandReply = [Reply]}]) -> code(Reply);
code({_, #'AmmsReply'{terminationAudit = [{errorDescriptor, #'ErrorDescriptor'{errorCode = Code}}]}}) -> Code;
code({_, {auditResult, #'AuditResult'{terminationAuditResult = [{errorDescriptor, E}]}}}) -> code(E);
code({_, #'ServiceChangeReply'{serviceChangeResult = E}}) -> code(E);
code({_, {error, E}}) -> code(E);
code(Other) -> exit({no_error, Other}).

%% An error of the whole transaction comes as {error, ErrorDescriptor}.
refused(Conn, Actions) ->
    case megaco:call(Conn, Actions, []) of
        {_, {ok, Replies}} -> code(Replies);
        {_, {ok, Replies, _}} -> code(Replies);
        {_, {error, E}} when is_record(E, 'ErrorDescriptor') -> code(E);
        {_, {error, E, _}} when is_record(E, 'ErrorDescriptor') -> code(E);
        {_, Other} -> exit(Other)
    end.

unknown_context(Conn) ->
    411 = refused(Conn, [action(16#7ffffff0, [{subtractReq, #'SubtractRequest'{terminationID = [all()]}}])]).

unknown_termination(Conn, Context, Term, _Encoding) ->
    Other = other(Term),
    Code = refused(Conn, [action(Context, [{subtractReq, #'SubtractRequest'{terminationID = [Other]}}])]),
    true = lists:member(Code, [430, 435]).

%% A termination that nobody has.
other(#megaco_term_id{id = Id} = Term) -> Term#megaco_term_id{id = lists:droplast(Id) ++ ["4000000"]};
other({'TerminationID', [], [A, B, C, D]}) -> {'TerminationID', [], [A, B bxor 16, C bxor 16#55, D]}.

subtract(Conn, Context) ->
    [#'ActionReply'{contextId = Context, commandReply = Replies}] =
        call(Conn, [action(Context, [{subtractReq, #'SubtractRequest'{terminationID = [all()]}}])]),
    true = length(Replies) >= 1,
    411 = refused(Conn, [action(Context, [{subtractReq, #'SubtractRequest'{terminationID = [all()]}}])]).

%% Set up all at once, then ended: several transactions in flight.
many(Conn, Encoding, N) ->
    Self = self(),
    One = fun() ->
              {Context, _} = add_two(Conn, Encoding),
              [_ | _] = call(Conn, [action(Context, [{subtractReq, #'SubtractRequest'{terminationID = [all()]}}])]),
              Context
          end,
    Workers = [spawn(fun() -> Self ! {self(), catch One()} end) || _ <- lists:seq(1, N)],
    Contexts = [receive {W, C} when is_integer(C) -> C; {W, Why} -> exit(Why) after 60000 -> exit(timeout) end
                || W <- Workers],
    N = length(lists:usort(Contexts)).

%% A command that was executed twice would have left a context behind.
nothing_left(Conn) ->
    Code = refused(Conn, [action(?megaco_all_context_id,
        [{auditValueRequest, #'AuditRequest'{terminationID = all(),
                                             auditDescriptor = #'AuditDescriptor'{auditToken = []}}}])]),
    true = lists:member(Code, [411, 431]).

%% ---- megaco's callbacks ----

handle_connect(_Conn, _Version) -> ok.
handle_connect(_Conn, _Version, _Extra) -> ok.

handle_disconnect(_Conn, _Version, _Reason) -> ok.
handle_disconnect(Conn, Version, Reason, _) -> handle_disconnect(Conn, Version, Reason).

handle_syntax_error(_Handle, _Version, E) -> io:format("bad message from the gateway: ~0p~n", [E]), reply.
handle_syntax_error(Handle, Version, E, _) -> handle_syntax_error(Handle, Version, E).

handle_message_error(_Conn, _Version, E) -> io:format("bad: message error ~0p~n", [E]), no_reply.
handle_message_error(Conn, Version, E, _) -> handle_message_error(Conn, Version, E).

handle_trans_request(Conn, _Version, [#'ActionRequest'{contextId = Context, commandRequests = [CR]}]) ->
    case CR#'CommandRequest'.command of
        {serviceChangeReq, R} ->
            %% by position: versions 1 and 2 have records of different length
            Parm = R#'ServiceChangeRequest'.serviceChangeParms,
            {Method, Version, Profile, Reason} =
                {element(2, Parm), element(4, Parm), element(5, Parm), element(6, Parm)},
            io:format("ok registration ~0p ~0p~n", [Method, Reason]),
            [main ! {registered, Conn} || Method =:= restart],
            Result = #'ServiceChangeResParm'{serviceChangeVersion = Version, serviceChangeProfile = Profile},
            Reply = #'ServiceChangeReply'{terminationID = R#'ServiceChangeRequest'.terminationID,
                                          serviceChangeResult = {serviceChangeResParms, Result}},
            {discard_ack, [#'ActionReply'{contextId = Context, commandReply = [{serviceChangeReply, Reply}]}]};
        {notifyReq, R} ->
            main ! {notified, (R#'NotifyRequest'.observedEventsDescriptor)#'ObservedEventsDescriptor'.requestId},
            Reply = #'NotifyReply'{terminationID = R#'NotifyRequest'.terminationID},
            {discard_ack, [#'ActionReply'{contextId = Context, commandReply = [{notifyReply, Reply}]}]}
    end.
handle_trans_request(Conn, Version, Actions, _) -> handle_trans_request(Conn, Version, Actions).

handle_trans_long_request(_Conn, _Version, _Data) ->
    {discard_ack, #'ErrorDescriptor'{errorCode = 501, errorText = "no long requests"}}.
handle_trans_long_request(Conn, Version, Data, _) -> handle_trans_long_request(Conn, Version, Data).

handle_trans_reply(_Conn, _Version, _Reply, _Data) -> ok.
handle_trans_reply(_Conn, _Version, _Reply, _Data, _) -> ok.
handle_trans_ack(_Conn, _Version, _Status, _Data) -> ok.
handle_trans_ack(_Conn, _Version, _Status, _Data, _) -> ok.

handle_unexpected_trans(_Conn, _Version, T) -> io:format("bad: unexpected ~0p~n", [T]), ok.
handle_unexpected_trans(Conn, Version, T, _) -> handle_unexpected_trans(Conn, Version, T).

handle_trans_request_abort(_Conn, _Version, _Id, _Pid) -> ok.
handle_trans_request_abort(_Conn, _Version, _Id, _Pid, _) -> ok.
