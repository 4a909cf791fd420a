newer
