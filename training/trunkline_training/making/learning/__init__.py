"""Training a task's last layers, and packaging what comes out."""
