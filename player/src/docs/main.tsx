document.getElementById('root')?.append('Amphi: docs');
