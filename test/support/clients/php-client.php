<?php
// PHP's ftp extension as a client for tests: reads one session as JSON on standard input, does its steps, prints listings.
// It shows no certificate of its own, and looks at none of the server's.
$session = json_decode(stream_get_contents(STDIN), true);
set_error_handler(function (int $level, string $message): bool {
    fwrite(STDERR, "$message\n");
    exit(1);
});
$done = function ($outcome) {
    if ($outcome === false) {
        fwrite(STDERR, "refused\n");
        exit(1);
    }
    return $outcome;
};
$ftp = $done(ftp_ssl_connect($session['host'] ?? 'localhost', $session['port'], 15));
$done(ftp_login($ftp, $session['user'], $session['password'] ?? 'none'));
$done(ftp_pasv($ftp, !($session['active'] ?? false)));
foreach ($session['steps'] as $step) {
    match ($step['do']) {
        'list' => print implode("\n", $done(ftp_rawlist($ftp, $step['path']))) . "\n",
        'upload' => $done(ftp_put($ftp, $step['remote'], $step['local'], FTP_BINARY)),
        'download' => $done(ftp_get($ftp, $step['local'], $step['remote'], FTP_BINARY)),
    };
}
ftp_close($ftp);
