%% Erlang's ftp application as a client for tests: reads one session as Erlang terms on standard input, does its steps, prints listings.
main([]) ->
    {ok, Session} = io:read(""),
    [{ok, _} = application:ensure_all_started(Name) || Name <- [ssl, ftp]],
    #{host := Host, family := Family, port := Port, user := User, password := Password, tls := Tls, steps := Steps} = Session,
    Options = [{versions, [Tls]}, {server_name_indication, "localhost"} | maps:get(options, Session)],
    {ok, Ftp} = ftp:open(Host, [{port, Port}, {ipfamily, Family}, {mode, passive}, {timeout, 15000}, {tls, Options}]),
    done(ftp:user(Ftp, User, Password)),
    done(ftp:type(Ftp, binary)),
    [step(Ftp, Step) || Step <- Steps],
    ftp:close(Ftp),
    halt(0).

step(Ftp, {list, Path}) -> {ok, Lines} = ftp:ls(Ftp, Path), io:put_chars(Lines);
step(Ftp, {upload, Remote, Local}) -> done(ftp:send(Ftp, Local, Remote));
step(Ftp, {download, Remote, Local}) -> done(ftp:recv(Ftp, Remote, Local)).

done(ok) -> ok;
done(Other) -> io:format(standard_error, "~p~n", [Other]), halt(1).
