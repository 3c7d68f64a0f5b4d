// FtpWebRequest of mono as a client for tests: reads one session as lines on standard input, does its steps, prints listings.
using System;
using System.IO;
using System.Net;
using System.Security.Cryptography.X509Certificates;

static class FtpWebRequestClient {
  static int Main() {
    var session = new System.Collections.Generic.Dictionary<string, string>();
    for (var line = Console.In.ReadLine(); !string.IsNullOrEmpty(line); line = Console.In.ReadLine()) {
      var separator = line.IndexOf('=');
      session[line.Substring(0, separator)] = line.Substring(separator + 1);
    }
    // Its trust store is that of mono, not the file of the test.
    ServicePointManager.ServerCertificateValidationCallback = (sender, certificate, chain, errors) => true;
    ServicePointManager.SecurityProtocol = SecurityProtocolType.Tls12;
    try {
      for (var step = Console.In.ReadLine(); step != null; step = Console.In.ReadLine()) Perform(session, step.Split('\t'));
      return 0;
    } catch (Exception error) {
      Console.Error.WriteLine(error.Message);
      return 1;
    }
  }

  static void Perform(System.Collections.Generic.Dictionary<string, string> session, string[] step) {
    var path = step[1].TrimStart('/');
    var request = (FtpWebRequest)WebRequest.Create("ftp://" + session["urlHost"] + ":" + session["port"] + "/" + path);
    request.EnableSsl = true;
    request.KeepAlive = true;
    request.UsePassive = !session.ContainsKey("active");
    request.Credentials = new NetworkCredential(session["user"], session["password"]);
    if (session.ContainsKey("keyStore")) request.ClientCertificates.Add(new X509Certificate2(session["keyStore"], "changeit"));
    if (step[0] == "upload") {
      request.Method = WebRequestMethods.Ftp.UploadFile;
      using (var source = File.OpenRead(step[2]))
      using (var target = request.GetRequestStream()) source.CopyTo(target);
      request.GetResponse().Close();
      return;
    }
    request.Method = step[0] == "list" ? WebRequestMethods.Ftp.ListDirectoryDetails : WebRequestMethods.Ftp.DownloadFile;
    using (var response = request.GetResponse())
    using (var stream = response.GetResponseStream()) {
      if (step[0] == "list") Console.Write(new StreamReader(stream).ReadToEnd());
      else using (var target = File.Create(step[2])) stream.CopyTo(target);
    }
  }
}
