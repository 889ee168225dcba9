%% SPDX-License-Identifier: Apache-2.0
%% A gateway made of Erlang/OTP megaco: registers, then does as it is told; its media are imagined.
%%
%%   erl -noshell -s mg main TRANSPORT ENCODING PORT
-module(mg).
-export([main/1]).
-export([handle_connect/2, handle_connect/3, handle_disconnect/3, handle_disconnect/4, handle_syntax_error/3,
         handle_syntax_error/4, handle_message_error/3, handle_message_error/4, handle_trans_request/3,
         handle_trans_request/4, handle_trans_long_request/3, handle_trans_long_request/4, handle_trans_reply/4,
         handle_trans_reply/5, handle_trans_ack/4, handle_trans_ack/5, handle_unexpected_trans/3,
         handle_unexpected_trans/4, handle_trans_request_abort/4, handle_trans_request_abort/5]).
-include_lib("megaco/include/megaco.hrl").
-include_lib("megaco/include/megaco_message_v2.hrl").

main([Transport, Encoding, Port]) ->
    persistent_term:put(encoding, Encoding),
    persistent_term:put(counter, atomics:new(1, [])),
    ets:new(contexts, [public, named_table, bag]),
    Mid = {domainName, #'DomainName'{name = "agw1.example.net", portNumber = asn1_NOVALUE}},
    ok = megaco:start(),
    ok = megaco:start_user(Mid, [{user_mod, ?MODULE}, {user_args, []}, {protocol_version, 2},
                                  {strict_version, false}]),
    Handle = (megaco:user_info(Mid, receive_handle))#megaco_receive_handle{
        encoding_mod = encoding(Encoding), encoding_config = config(Encoding), send_mod = module(Transport)},
    {SendHandle, Control} = connect(Transport, list_to_integer(atom_to_list(Port)), Handle),
    {ok, Conn} = megaco:connect(Handle, preliminary_mid, SendHandle, Control),
    Parm = #'ServiceChangeParm'{serviceChangeMethod = restart, serviceChangeVersion = 2,
                                serviceChangeProfile = profile(), serviceChangeReason = reason()},
    Request = #'ServiceChangeRequest'{terminationID = [root()], serviceChangeParms = Parm},
    Reply = megaco:call(Conn, [#'ActionRequest'{contextId = ?megaco_null_context_id,
        commandRequests = [#'CommandRequest'{command = {serviceChangeReq, Request}}]}], []),
    case Reply of
        {_, {ok, [#'ActionReply'{commandReply = [{serviceChangeReply, _}]}]}} -> io:format("registered~n");
        {_, {ok, [#'ActionReply'{commandReply = [{serviceChangeReply, _}]}], _}} -> io:format("registered~n");
        _ -> io:format("bad registration ~0p~n", [Reply])
    end,
    timer:sleep(60000).

encoding(pretty) -> megaco_pretty_text_encoder;
encoding(compact) -> megaco_compact_text_encoder;
encoding(binary) -> megaco_binary_encoder.

config(binary) -> [native];
config(_) -> [].

module(udp) -> megaco_udp;
module(tcp) -> megaco_tcp.

connect(udp, Port, Handle) ->
    {ok, Sup} = megaco_udp:start_transport(),
    {ok, Socket, Control} = megaco_udp:open(Sup, [{port, 0}, {receive_handle, Handle},
        {udp_options, [{ip, {127, 0, 0, 1}}, {recbuf, 1000000}]}]),
    {megaco_udp:create_send_handle(Socket, {127, 0, 0, 1}, Port), Control};
connect(tcp, Port, Handle) ->
    {ok, Sup} = megaco_tcp:start_transport(),
    {ok, SendHandle, Control} = megaco_tcp:connect(Sup, [{host, {127, 0, 0, 1}}, {port, Port},
        {receive_handle, Handle}, {tcp_options, [{nodelay, true}]}]),
    {SendHandle, Control}.

binary() -> persistent_term:get(encoding) =:= binary.

root() ->
    case binary() of
        true -> {'TerminationID', [], [255, 255, 255, 255]};
        false -> ?megaco_root_termination_id
    end.

profile() ->
    case binary() of
        true -> {'ServiceChangeProfile', "xIq/1"};
        false -> #'ServiceChangeProfile'{profileName = "xIq", version = 1}
    end.

reason() ->
    Text = "901 Cold Boot",
    case binary() of
        true -> [[22, length(Text) | Text]];
        false -> [Text]
    end.

next() ->
    atomics:add_get(persistent_term:get(counter), 1, 1).

%% ---- commands ----

action(#'ActionRequest'{contextId = ?megaco_choose_context_id} = A) ->
    action(A#'ActionRequest'{contextId = next()});
action(#'ActionRequest'{contextId = Context, commandRequests = Commands}) ->
    #'ActionReply'{contextId = Context,
                   commandReply = lists:append([command(Context, C#'CommandRequest'.command) || C <- Commands])}.

command(Context, {addReq, #'AmmRequest'{descriptors = Ds}}) ->
    Term = new_term(),
    ets:insert(contexts, {Context, Term}),
    [{addReply, #'AmmsReply'{terminationID = [Term], terminationAudit = filled(Ds)}}];
command(Context, {modReq, #'AmmRequest'{terminationID = [Term]}}) ->
    true = Context =:= 0 orelse lists:member({Context, Term}, ets:lookup(contexts, Context)),
    [{modReply, #'AmmsReply'{terminationID = [Term]}}];
command(Context, {subtractReq, #'SubtractRequest'{terminationID = [Term]}}) ->
    true = ets:lookup(contexts, Context) =/= [],
    ets:delete(contexts, Context),
    [{subtractReply, #'AmmsReply'{terminationID = [Term]}}];
command(_, {auditValueRequest, #'AuditRequest'{terminationID = Term}}) ->
    [{auditValueReply, {auditResult, #'AuditResult'{terminationID = Term, terminationAuditResult = []}}}];
command(_, {Command, _}) ->
    io:format("bad command ~0p~n", [Command]),
    [].

new_term() ->
    N = next(),
    case binary() of
        true -> {'TerminationID', [], [16#20, 0, N div 256, N rem 256]};
        false -> #megaco_term_id{id = ["ip", "core", "1", integer_to_list(N)]}
    end.

%% Local as it was asked for, with values where "$" stood.
filled(Ds) ->
    [{mediaDescriptor, #'MediaDescriptor'{streams = {multiStream,
         [S#'StreamDescriptor'{streamParms = #'StreamParms'{localDescriptor =
             L#'LocalRemoteDescriptor'{propGrps = [[line(P) || P <- G] || G <- L#'LocalRemoteDescriptor'.propGrps]}}}
          || #'StreamDescriptor'{streamParms = #'StreamParms'{localDescriptor = L}} = S <- Streams]}}}
     || {mediaDescriptor, #'MediaDescriptor'{streams = {multiStream, Streams}}} <- Ds].

line(#'PropertyParm'{value = [Value]} = P) ->
    case binary() of
        true ->
            [Type, _ | Text] = octets(Value),
            New = fill(Text),
            P#'PropertyParm'{value = [[Type, length(New) | New]]};
        false ->
            P#'PropertyParm'{value = [fill(Value)]}
    end.

octets(B) when is_binary(B) -> binary_to_list(B);
octets(L) -> L.

fill("IN IP4 $") -> "IN IP4 127.0.0.1";
fill("fingerprint:SHA-256 $") -> "fingerprint:SHA-256 " ++ lists:append(lists:join(":", lists:duplicate(32, "AB")));
fill(Text) -> lists:append([case C of $$ -> integer_to_list(20000 + next() rem 20000); _ -> [C] end || C <- Text]).

%% ---- megaco's callbacks ----

handle_connect(_Conn, _Version) -> ok.
handle_connect(_Conn, _Version, _Extra) -> ok.
handle_disconnect(_Conn, _Version, _Reason) -> ok.
handle_disconnect(Conn, Version, Reason, _) -> handle_disconnect(Conn, Version, Reason).
handle_syntax_error(_Handle, _Version, E) -> io:format("bad message from the controller: ~0p~n", [E]), reply.
handle_syntax_error(Handle, Version, E, _) -> handle_syntax_error(Handle, Version, E).
handle_message_error(_Conn, _Version, E) -> io:format("bad: message error ~0p~n", [E]), no_reply.
handle_message_error(Conn, Version, E, _) -> handle_message_error(Conn, Version, E).

handle_trans_request(_Conn, _Version, Actions) -> {discard_ack, [action(A) || A <- Actions]}.
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
