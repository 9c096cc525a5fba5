// For an emulator, which has no origin groups: the format's folder, whether or not it has such a
// picture. local/cdn.py falls back.
function send(request, size, folder, path) {
  request.uri = '/' + folder + path;
}
